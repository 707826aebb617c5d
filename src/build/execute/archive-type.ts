import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { spawnTool } from "../../internal/exec";
import { blockBytes, parseHeader } from "../../runtime/layer/tar-header";

/** Whether ADD unpacks the file: a tar archive, plain or in gzip, bzip2 or xz, told by its content alone. */
export async function isArchive(path: string): Promise<boolean> {
  const start = await firstBytes(path);
  if (start[0] === 0x1f && start[1] === 0x8b) {
    const plain = createGunzip();
    createReadStream(path).pipe(plain);
    return beginsAsTar(plain);
  }
  const tool = start.subarray(0, 3).toString("latin1") === "BZh" ? "bzip2" : isXz(start) ? "xz" : undefined;
  if (tool === undefined) return isTarHeader(start);
  const child = spawnTool(tool, ["--decompress", "--stdout", path], { stdio: ["ignore", "pipe", "ignore"] });
  child.on("error", () => {});
  const result = child.stdout !== null && (await beginsAsTar(child.stdout));
  child.kill("SIGKILL");
  return result;
}

async function beginsAsTar(stream: Readable): Promise<boolean> {
  let bytes = Buffer.alloc(0);
  try {
    for await (const chunk of stream) {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length >= blockBytes) break;
    }
  } catch {
    return false;
  }
  return isTarHeader(bytes);
}

function isTarHeader(bytes: Buffer): boolean {
  if (bytes.length < blockBytes) return false;
  const block = bytes.subarray(0, blockBytes);
  // Some old archives have no magic; their checksum is proof enough.
  return !block.every((byte) => byte === 0) && parseHeader(block) !== undefined;
}

function isXz(start: Buffer): boolean {
  return start.subarray(1, 5).toString("latin1") === "7zXZ";
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(blockBytes), 0, blockBytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
