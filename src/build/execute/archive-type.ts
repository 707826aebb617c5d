import { createReadStream } from "node:fs";
import type { Readable } from "node:stream";
import { spawnTool } from "../../internal/exec";
import { startOfFile, unpackingProgram } from "../../runtime/image/archive-compression";
import { compressionOf, decompressor } from "../../runtime/layer/decompress";
import { blockBytes, parseHeader } from "../../runtime/layer/tar-header";

/** Whether ADD unpacks the file: a tar archive, plain or in gzip, zstd, bzip2 or xz, told by its content alone. */
export async function isArchive(path: string): Promise<boolean> {
  const start = await startOfFile(path, blockBytes);
  const plain = decompressor(compressionOf(start));
  if (plain !== undefined) {
    const file = createReadStream(path);
    const result = await beginsAsTar(file.pipe(plain));
    file.destroy();
    return result;
  }
  const tool = unpackingProgram(start);
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
