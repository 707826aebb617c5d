import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import type { Extract } from "tar-stream";
import { messageOf, RuncibleError } from "../../internal/errors";
import { diskError } from "./disk-error";
import { compressionOf } from "./layer-compression";
import { tarStream } from "./tar-stream";

/** The files of an archive by their names in it. */
export interface ArchiveFiles {
  has(name: string): boolean;
  /** Where the file lies now. Throws `image-invalid` when it lacks. */
  pathOf(name: string): string;
  /** A small file. Throws `image-invalid` when it lacks or has more than 8 MiB. */
  read(name: string): Promise<Buffer>;
}

const entryLimit = 10_000;
const readLimit = 8 * 1024 * 1024;

/**
 * Unpacks an archive, plain or gzipped, into an empty folder. Every file gets a number for a name: no name in the
 * archive ever reaches the disk. Throws `image-invalid`, `disk-full`, `aborted`; the source is then destroyed.
 */
export async function unpackArchive(source: Readable, folder: string, signal: AbortSignal): Promise<ArchiveFiles> {
  const tar = tarStream().extract();
  try {
    const start = await startOf(source);
    const unzip = compressionOf(start) === "gzip" ? [createGunzip()] : [];
    const reading = pipeline([source, ...unzip, tar], { signal });
    // Whatever ends the one ends the other.
    const [files] = await Promise.all([writeFiles(tar, folder), reading]);
    return files;
  } catch (error) {
    source.destroy();
    if (signal.aborted) throw new RuncibleError("aborted", "import archive: cancelled", { cause: error });
    const reason = diskError("import archive", error);
    if (reason instanceof RuncibleError) throw reason;
    throw new RuncibleError("image-invalid", `import archive: ${messageOf(error)}`, { cause: error });
  }
}

async function writeFiles(tar: Extract, folder: string): Promise<ArchiveFiles> {
  const paths = new Map<string, string>();
  const links = new Map<string, string>();
  let entries = 0;
  for await (const entry of tar) {
    entries += 1;
    if (entries > entryLimit) throw invalid(`it has more than ${entryLimit} entries`);
    const { type, linkname } = entry.header;
    const name = normal(entry.header.name);
    if (type === "file") {
      const path = join(folder, String(entries));
      await pipeline(Readable.from(entry), createWriteStream(path, { mode: 0o600 }));
      paths.set(name, path);
      continue;
    }
    // Old archives link a layer that several images share.
    if (type === "symlink") links.set(name, normal(posix.join(posix.dirname(name), linkname ?? "")));
    if (type === "link") links.set(name, normal(linkname ?? ""));
    entry.resume();
  }
  return filesAt(paths, links);
}

function filesAt(paths: ReadonlyMap<string, string>, links: ReadonlyMap<string, string>): ArchiveFiles {
  const find = (name: string): string | undefined => paths.get(name) ?? paths.get(links.get(name) ?? "");
  const pathOf = (name: string): string => {
    const path = find(normal(name));
    if (path === undefined) throw invalid(`it lacks ${name}`);
    return path;
  };
  return {
    has: (name) => find(name) !== undefined,
    pathOf,
    read: async (name) => {
      const path = pathOf(name);
      const { size } = await stat(path);
      if (size > readLimit) throw invalid(`${name} has ${size} bytes, more than the ${readLimit} allowed`);
      return await readFile(path);
    },
  };
}

/** `./a//b` and `/a/b` are `a/b`. */
function normal(name: string): string {
  return posix.normalize(name).replace(/^(\.?\/)+/, "");
}

/** The first bytes, which stay in the stream. */
async function startOf(source: Readable): Promise<Buffer> {
  for (;;) {
    const start: unknown = source.read(4) ?? source.read();
    if (Buffer.isBuffer(start)) {
      source.unshift(start);
      return start;
    }
    if (source.errored !== null) throw source.errored;
    if (source.readableEnded || source.destroyed) throw invalid("it is empty");
    await Promise.race([once(source, "readable"), once(source, "end"), once(source, "close")]);
  }
}

function invalid(reason: string): RuncibleError {
  return new RuncibleError("image-invalid", `import archive: ${reason}`);
}
