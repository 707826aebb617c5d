import { createWriteStream } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import type { ImageStore } from "./image-store";
import { type ArchiveFiles, importDockerArchive } from "./import-docker";
import { importLayout } from "./import-layout";
import type { LayerSink } from "./layer-sink";
import type { Image } from "./manifest";

const entryLimit = 10_000;

/**
 * Reads an OCI layout or what `docker save` wrote, plain or gzipped. Throws `image-invalid`, and what the layers' sink
 * throws; nothing half-imported has a name.
 */
export async function importArchive(
  store: ImageStore,
  source: Readable,
  layers: LayerSink,
  signal: AbortSignal,
): Promise<readonly Image[]> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-import-"));
  try {
    const files = await unpackFlat(source, folder, signal);
    if (files.pathOf("manifest.json") !== undefined) return await importDockerArchive(store, files, layers, signal);
    if (files.pathOf("index.json") !== undefined) return await importLayout(store, files, layers, signal);
    throw new RuncibleError("image-invalid", "import archive: it has neither index.json nor manifest.json");
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Every file gets a number for a name: no name in the archive ever reaches the disk. */
async function unpackFlat(source: Readable, folder: string, signal: AbortSignal): Promise<ArchiveFiles> {
  const paths = new Map<string, string>();
  const links = new Map<string, string>();
  const tar = extract();
  const reading = pipeline(await plain(source), tar, { signal });
  reading.catch(() => {});
  try {
    for await (const entry of tar) {
      if (paths.size + links.size >= entryLimit) throw invalid(`it has more than ${entryLimit} entries`);
      const name = posix.normalize(entry.header.name).replace(/^(\.?\/)+/, "");
      if (entry.header.type === "file") {
        const path = join(folder, String(paths.size));
        await pipeline(Readable.from(entry), createWriteStream(path));
        paths.set(name, path);
        continue;
      }
      // Old archives link a layer that several images share.
      if (entry.header.type === "symlink" || entry.header.type === "link") {
        links.set(name, posix.join(posix.dirname(name), entry.header.linkname ?? ""));
      }
      entry.resume();
    }
    await reading;
  } catch (error) {
    if (error instanceof RuncibleError) throw error;
    if (hasCode(error, "ENOSPC")) {
      throw new RuncibleError("disk-full", "import archive: no space left on device; free some", { cause: error });
    }
    throw new RuncibleError("image-invalid", `import archive: ${messageOf(error)}`, { cause: error });
  }
  const pathOf = (name: string): string | undefined => paths.get(name) ?? paths.get(links.get(name) ?? "");
  return {
    pathOf,
    read: async (name) => {
      const path = pathOf(name);
      if (path === undefined) throw invalid(`it lacks ${name}`);
      return await readFile(path);
    },
  };
}

async function plain(source: Readable): Promise<Readable> {
  const iterator = source[Symbol.asyncIterator]();
  const { value: first, done } = await iterator.next();
  if (done) throw invalid("it is empty");
  async function* whole(): AsyncIterable<Buffer> {
    yield first;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  }
  const stream = Readable.from(whole());
  return first[0] === 0x1f && first[1] === 0x8b ? stream.pipe(createGunzip()) : stream;
}

function invalid(reason: string): RuncibleError {
  return new RuncibleError("image-invalid", `import archive: ${reason}`);
}
