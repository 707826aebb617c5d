import { open } from "node:fs/promises";

/** As many bytes as the longest of the magic numbers. */
export const compressionMagicBytes = 6;

/** The program that unpacks an archive which begins so, of those that Node has no means for. */
export function unpackingProgram(start: Buffer): "bzip2" | "xz" | undefined {
  if (start.subarray(1, 5).toString("latin1") === "7zXZ") return "xz";
  return start.subarray(0, 3).toString("latin1") === "BZh" ? "bzip2" : undefined;
}

/** What a file begins with: so many bytes, fewer only when it has no more. */
export async function startOfFile(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
