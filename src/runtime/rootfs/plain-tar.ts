import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { RuncibleError } from "../../internal/errors";
import { exitOf, spawnTool } from "../../internal/exec";
import { firstBytes } from "../../internal/first-bytes";
import { compressionMagicBytes, unpackingProgram } from "../image/archive-compression";
import { compressionOf, decompressor } from "../layer/decompress";

/** An archive unpacked by gzip, zstd, bzip2 or xz, if its first bytes say that one of these packed it. */
export async function plainTar(archive: Readable): Promise<Readable> {
  const start = await firstBytes(archive, compressionMagicBytes);
  if (start.length === 0) return archive;
  archive.unshift(start);
  const plain = decompressor(compressionOf(start));
  if (plain !== undefined) return forwarded(archive, plain);
  const tool = unpackingProgram(start);
  return tool === undefined ? archive : throughTool(archive, tool);
}

function throughTool(archive: Readable, tool: string): Readable {
  const child = spawnTool(tool, ["--decompress", "--stdout"], { stdio: ["pipe", "pipe", "ignore"] });
  if (child.stdin === null || child.stdout === null) return archive;
  const ended = exitOf(child, tool).then(({ exitCode }) => {
    if (exitCode !== 0) throw new RuncibleError("invalid-argument", `Error processing tar file: ${tool} failed`);
  });
  ended.catch(() => {});
  pipeline(archive, child.stdin).catch(() => {});
  // The archive is not at its end before the tool says that all was well.
  const checked = new Transform({
    transform: (chunk, _encoding, done) => done(null, chunk),
    flush: (done) => {
      ended.then(() => done(), done);
    },
  });
  return forwarded(child.stdout, checked);
}

/** Errors of the source reach the reader of the result. */
function forwarded(source: Readable, through: Transform): Readable {
  pipeline(source, through).catch(() => {});
  return through;
}
