import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { messageOf, RuncibleError } from "../internal/errors";
import { exitOf, spawnTool } from "../internal/exec";
import { compressionMagicBytes, startOfFile, unpackingProgram } from "./image/archive-compression";
import type { Descriptor } from "./image/descriptor";
import { type Digest, parseDigest } from "./image/digest";
import { diskError } from "./image/disk-error";
import { addFileLayer, type LayerTargets } from "./image/file-layer";
import { compressionOf, decompressor } from "./layer/decompress";
import { defaultLayerLimits } from "./layer/entry-guard";

/**
 * Makes a layer of a whole filesystem's archive, plain or in gzip, zstd, xz or bzip2. It is judged as any other layer.
 * Throws `layer-invalid`, `layer-too-large`, `tool-missing`, `disk-full`, `aborted`.
 */
export async function addArchiveAsLayer(
  archive: Readable,
  targets: LayerTargets,
): Promise<{ readonly diffId: Digest; readonly descriptor: Descriptor }> {
  // The archive may fail before anybody reads it; reading it then says so.
  archive.on("error", () => {});
  const { store, signal } = targets;
  const scratch = await store.scratch();
  try {
    const sent = join(scratch.path, "archive");
    await pipeline(archive, createWriteStream(sent, { mode: 0o600 }), { signal });
    const path = await inKnownCompression(sent, join(scratch.path, "archive.tar"), signal);
    const diffId = await plainDigest(path, signal);
    return { diffId, descriptor: await addFileLayer({ path, diffId }, targets) };
  } catch (error) {
    if (signal.aborted) throw new RuncibleError("aborted", "import archive: cancelled", { cause: error });
    throw diskError("import archive", error);
  } finally {
    await scratch.remove();
  }
}

/** Layers are plain, gzip or zstd; other archives become plain. */
async function inKnownCompression(path: string, plain: string, signal: AbortSignal): Promise<string> {
  const tool = unpackingProgram(await startOfFile(path, compressionMagicBytes));
  if (tool === undefined) return path;
  const child = spawnTool(tool, ["--decompress", "--stdout", path], { stdio: ["ignore", "pipe", "ignore"], signal });
  const ended = exitOf(child, tool);
  ended.catch(() => {});
  try {
    await pipeline(child.stdout ?? new PassThrough().end(), limited, createWriteStream(plain, { mode: 0o600 }), {
      signal,
    });
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  const { exitCode } = await ended;
  if (exitCode === 0) return plain;
  throw new RuncibleError("layer-invalid", `import archive: ${tool} finds it damaged`);
}

async function plainDigest(path: string, signal: AbortSignal): Promise<Digest> {
  const hash = createHash("sha256");
  const source = createReadStream(path, { highWaterMark: 1024 * 1024 });
  const plain = decompressor(compressionOf(await startOfFile(path, compressionMagicBytes)));
  const take = async (bytes: AsyncIterable<Buffer>): Promise<void> => {
    for await (const chunk of limited(bytes)) hash.update(chunk);
  };
  try {
    await (plain === undefined ? pipeline(source, take, { signal }) : pipeline(source, plain, take, { signal }));
  } catch (error) {
    if (error instanceof RuncibleError || signal.aborted) throw error;
    throw new RuncibleError("layer-invalid", `import archive: ${messageOf(error)}`, { cause: error });
  }
  return parseDigest(`sha256:${hash.digest("hex")}`);
}

/** A few bytes can stand for very many. */
async function* limited(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  let bytes = 0;
  for await (const chunk of source) {
    bytes += chunk.length;
    if (bytes > defaultLayerLimits.bytes) {
      throw new RuncibleError(
        "layer-too-large",
        `import archive: it has more than ${defaultLayerLimits.bytes} bytes when unpacked`,
      );
    }
    yield chunk;
  }
}
