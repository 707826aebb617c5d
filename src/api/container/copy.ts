import { createReadStream, type Stats } from "node:fs";
import { lstat, readdir, readlink, stat } from "node:fs/promises";
import { basename, join, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Header, Pack } from "tar-stream";
import { messageOf, RuncibleError } from "../../internal/errors";
import { readStream } from "./one-time-stream";
import type { Content, ContentToCopy, DirectoryToCopy, FileToCopy } from "./types";

export interface CopySources {
  readonly files: readonly FileToCopy[];
  readonly directories: readonly DirectoryToCopy[];
  readonly contents: readonly ContentToCopy[];
}

interface PackJob {
  readonly tar: Pack;
  readonly mtime: Date;
}

type EntryFields = Partial<Header> & Pick<Header, "name">;

const defaultContentMode = 0o644;

/**
 * One tar, to be unpacked at `/`, of everything; undefined when there is nothing. Owner is root, all times are `mtime`.
 * A missing file throws `path-not-found` before anything is sent; a missing folder copies nothing.
 */
export async function packSources(
  { files, directories, contents }: CopySources,
  mtime: Date = new Date(),
): Promise<Readable | undefined> {
  if (files.length + directories.length + contents.length === 0) return undefined;
  const stats = await Promise.all(files.map(({ source }) => statFile(source)));
  const { pack } = require("tar-stream") as typeof import("tar-stream");
  const tar = pack();
  const job = { tar, mtime };
  const write = async (): Promise<void> => {
    for (const [index, file] of files.entries()) await addFile(job, file, stats[index]);
    for (const directory of directories) await addDirectory(job, directory);
    for (const content of contents) await addContent(job, content);
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
  for (const child of await readdir(source).catch(() => [])) {
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

async function addContent(job: PackJob, { content, target, mode }: ContentToCopy): Promise<void> {
  const bytes = await bytesOf(content, target);
  const permissions = (mode || defaultContentMode) & 0o7777;
  await new Promise<void>((resolve, reject) => {
    job.tar.entry(header(job, { name: entryName(target), mode: permissions }), bytes, (error) => {
      if (error) reject(error);
      else resolve();
    });
  });
}

function bytesOf(content: Content, target: string): Promise<Buffer> | Buffer {
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
