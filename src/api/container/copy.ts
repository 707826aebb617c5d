import { createReadStream, type Stats } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Header, Pack } from "tar-stream";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { readStream } from "./one-time-stream";
import type { ContentToCopy, DirectoryToCopy, FileToCopy } from "./types";

export interface CopySources {
  readonly files: readonly FileToCopy[];
  readonly directories: readonly DirectoryToCopy[];
  readonly contents: readonly ContentToCopy[];
}

type ContentOfBytes = Omit<ContentToCopy, "content"> & { readonly content: Buffer };

interface PackJob {
  readonly tar: Pack;
  readonly mtime: Date;
}

type EntryFields = Partial<Header> & Pick<Header, "name">;

const defaultContentMode = 0o644;

/**
 * One tar, to be unpacked at `/`, of everything; undefined when there is nothing. Owner is root, all times are `mtime`.
 * A missing file, a folder that is none and one that may not be read throw before anything is sent: `path-not-found`,
 * `invalid-argument`, `permission-denied`. A missing folder copies nothing.
 */
export async function packSources(
  { files, directories, contents }: CopySources,
  mtime: Date = new Date(),
): Promise<Readable | undefined> {
  if (files.length + directories.length + contents.length === 0) return undefined;
  const stats = await Promise.all(files.map(({ source }) => statFile(source)));
  for (const { source } of directories) await namesIn(source);
  // What fails here fails before a request takes the stream, whose early end it would not hear of.
  const read = await Promise.all(
    contents.map(async (entry): Promise<ContentOfBytes> => ({ ...entry, content: await bytesOf(entry) })),
  );
  const { pack } = require("tar-stream") as typeof import("tar-stream");
  const tar = pack();
  const job = { tar, mtime };
  const write = async (): Promise<void> => {
    for (const [index, file] of files.entries()) await addFile(job, file, stats[index]);
    for (const directory of directories) await addDirectory(job, directory);
    for (const content of read) await addContent(job, content);
    tar.finalize();
  };
  write().catch((error: unknown) => {
    tar.destroy(error instanceof Error ? error : new RuncibleError("internal", messageOf(error)));
  });
  return tar as unknown as Readable;
}

/** Links are followed. */
async function statFile(source: string): Promise<Stats> {
  try {
    return await stat(source);
  } catch (cause) {
    throw new RuncibleError("path-not-found", `copy ${source}: ${messageOf(cause)}`, { cause });
  }
}

/** One that is missing copies nothing, as the contract says; what cannot be copied must not look like that. */
async function namesIn(source: string): Promise<string[]> {
  try {
    return await readdir(source);
  } catch (cause) {
    if (hasCode(cause, "ENOENT")) return [];
    const text = `copy the folder ${source}: ${messageOf(cause)}`;
    if (!hasCode(cause, "ENOTDIR")) throw new RuncibleError("permission-denied", text, { cause });
    throw new RuncibleError("invalid-argument", `${text}; copy a file with withCopyFilesToContainer`, { cause });
  }
}

async function addFile(job: PackJob, { source, target, mode }: FileToCopy, stats: Stats | undefined): Promise<void> {
  if (stats === undefined) return;
  const permissions = (mode ?? stats.mode) & 0o7777;
  if (stats.isDirectory()) return addEmpty(job, { name: entryName(target), mode: permissions, type: "directory" });
  const name = entryName(target.endsWith("/") ? posix.join(target, basename(source)) : target);
  const entry = job.tar.entry(header(job, { name, mode: permissions, size: stats.size }));
  // The size is fixed now: of a file that grows meanwhile, what it had.
  await pipeline(stats.size === 0 ? Readable.from([]) : createReadStream(source, { end: stats.size - 1 }), entry);
}

async function addDirectory(job: PackJob, { source, target, mode }: DirectoryToCopy): Promise<void> {
  for (const child of await namesIn(source)) {
    await addTree(job, join(source, child), posix.join(target, child), mode);
  }
}

async function addTree(job: PackJob, path: string, target: string, mode: number | undefined): Promise<void> {
  const stats = await lstat(path);
  const name = entryName(target);
  const permissions = (mode ?? stats.mode) & 0o7777;
  if (stats.isDirectory()) {
    await addEmpty(job, { name, mode: permissions, type: "directory" });
    await addDirectory(job, { source: path, target, mode });
  } else if (stats.isSymbolicLink()) {
    await addEmpty(job, { name, mode: permissions, type: "symlink", linkname: await readlink(path) });
  } else if (stats.isFile()) {
    await addFile(job, { source: path, target, mode }, stats);
  }
}

async function addContent(job: PackJob, { content, target, mode }: ContentOfBytes): Promise<void> {
  const permissions = (mode || defaultContentMode) & 0o7777;
  await new Promise<void>((resolve, reject) => {
    job.tar.entry(header(job, { name: entryName(target), mode: permissions }), content, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function bytesOf({ content, target }: ContentToCopy): Promise<Buffer> | Buffer {
  if (typeof content === "string") return Buffer.from(content);
  return Buffer.isBuffer(content) ? content : readStream(content, target);
}

function addEmpty(job: PackJob, fields: EntryFields): Promise<void> {
  return new Promise((resolve, reject) => {
    job.tar.entry(header(job, fields), (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function header({ mtime }: PackJob, fields: EntryFields): EntryFields {
  return { ...fields, uid: 0, gid: 0, mtime };
}

/** Relative to the container's root, and never above it. */
function entryName(target: string): string {
  return posix.join("/", target.replaceAll("\\", "/")).slice(1);
}
