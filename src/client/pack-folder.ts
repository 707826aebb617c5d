import { createReadStream, type Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Header, Pack } from "tar-stream";
import { messageOf, RuncibleError } from "../internal/errors";

/** What of a folder is left out; names are relative to it, with slashes. */
export interface PackRules {
  ignores(name: string): boolean;
  /** In a folder that is left out something may not be; else nothing of it is looked at. */
  readonly hasExceptions: boolean;
}

/**
 * A folder as tar, for a build: files, folders and links with their permissions and times, owned by root. `added` are
 * further files, by name, in place of those of the folder.
 */
export function packFolder(folder: string, rules: PackRules, added: ReadonlyMap<string, string> = new Map()): Readable {
  // Loaded when something is packed: a fresh process pays for what it loads.
  const { pack } = require("tar-stream") as typeof import("tar-stream");
  const tar = pack();
  const write = async (): Promise<void> => {
    await addContent({ tar, folder, rules, added, pending: new Map() }, "");
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
  readonly rules: PackRules;
  readonly added: ReadonlyMap<string, string>;
  /** Folders above, outermost first, that are left out unless something in them is not. */
  readonly pending: Map<string, EntryHeader>;
}

type EntryHeader = Partial<Header> & Pick<Header, "name">;

async function addContent(job: PackJob, parent: string): Promise<void> {
  for (const child of (await readdir(join(job.folder, parent))).sort()) {
    await addEntry(job, parent === "" ? child : `${parent}/${child}`);
  }
}

async function addEntry(job: PackJob, name: string): Promise<void> {
  if (job.added.has(name)) return;
  const isIgnored = job.rules.ignores(name);
  if (isIgnored && !job.rules.hasExceptions) return;
  const path = join(job.folder, name);
  const stats = await lstat(path);
  const header = { name, mode: stats.mode & 0o7777, mtime: stats.mtime, uid: 0, gid: 0 };
  if (stats.isDirectory()) {
    job.pending.set(name, { ...header, type: "directory" });
    if (!isIgnored) await addPending(job);
    await addContent(job, name);
    job.pending.delete(name);
  } else if (!isIgnored) {
    await addPending(job);
    if (stats.isSymbolicLink()) {
      await addEmpty(job.tar, { ...header, type: "symlink", linkname: await readlink(path) });
    } else if (stats.isFile()) {
      await addFile(job.tar, path, { header, stats });
    }
  }
}

async function addPending({ tar, pending }: PackJob): Promise<void> {
  for (const header of pending.values()) await addEmpty(tar, header);
  pending.clear();
}

async function addFile(
  tar: Pack,
  path: string,
  { header, stats }: { readonly header: EntryHeader; readonly stats: Stats },
): Promise<void> {
  const entry = tar.entry({ ...header, size: stats.size });
  // The size is fixed now: of a file that grows meanwhile, what it had.
  await pipeline(stats.size === 0 ? Readable.from([]) : createReadStream(path, { end: stats.size - 1 }), entry);
}

function addEmpty(tar: Pack, header: EntryHeader): Promise<void> {
  return new Promise((resolve, reject) => {
    tar.entry(header, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
