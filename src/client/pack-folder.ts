import { createReadStream, type Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Header, Pack } from "tar-stream";
import { messageOf, RuncibleError } from "../internal/errors";

/**
 * A folder as tar, for a build: files, folders and links with their permissions and times, owned by root. Of a folder
 * that `isIgnored` nothing is looked at. `name` is relative to the folder, with slashes. `added` are further files, by name.
 */
export function packFolder(
  folder: string,
  isIgnored: (name: string) => boolean,
  added: ReadonlyMap<string, string> = new Map(),
): Readable {
  // Loaded when something is packed: a fresh process pays for what it loads.
  const { pack } = require("tar-stream") as typeof import("tar-stream");
  const tar = pack();
  const write = async (): Promise<void> => {
    await addContent({ tar, folder, isIgnored }, "");
    for (const [name, text] of added) tar.entry({ name, mode: 0o644 }, text);
    tar.finalize();
  };
  write().catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new RuncibleError("internal", messageOf(error)));
  });
  // A stream of its own make, that Node's own can be made of.
  return Readable.from(tar);
}

interface PackJob {
  readonly tar: Pack;
  readonly folder: string;
  readonly isIgnored: (name: string) => boolean;
}

async function addContent(job: PackJob, parent: string): Promise<void> {
  for (const child of (await readdir(join(job.folder, parent))).sort()) {
    const name = parent === "" ? child : `${parent}/${child}`;
    if (!job.isIgnored(name)) await addEntry(job, name);
  }
}

async function addEntry(job: PackJob, name: string): Promise<void> {
  const path = join(job.folder, name);
  const stats = await lstat(path);
  const header = { name, mode: stats.mode & 0o7777, mtime: stats.mtime, uid: 0, gid: 0 };
  if (stats.isDirectory()) {
    await addEmpty(job.tar, { ...header, type: "directory" });
    await addContent(job, name);
  } else if (stats.isSymbolicLink()) {
    await addEmpty(job.tar, { ...header, type: "symlink", linkname: await readlink(path) });
  } else if (stats.isFile()) {
    await addFile(job.tar, path, { header, stats });
  }
}

async function addFile(
  tar: Pack,
  path: string,
  { header, stats }: { readonly header: Partial<Header> & Pick<Header, "name">; readonly stats: Stats },
): Promise<void> {
  const entry = tar.entry({ ...header, size: stats.size });
  // The size is fixed now: of a file that grows meanwhile, what it had.
  await pipeline(stats.size === 0 ? Readable.from([]) : createReadStream(path, { end: stats.size - 1 }), entry);
}

function addEmpty(tar: Pack, header: Partial<Header> & Pick<Header, "name">): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(header, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
