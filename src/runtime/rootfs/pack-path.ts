import type { Stats } from "node:fs";
import { readlink } from "node:fs/promises";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { hasCode, RuncibleError } from "../../internal/errors";
import { inChunks } from "../../internal/in-chunks";
import type { Handle } from "../tree/handle";
import type { TreeWalk } from "../tree/tree-walk";
import { walkTo } from "../tree/walk-to";
import { contentOf, packEntry } from "./pack-entry";

/** Headers and small files go together: a chunk on the wire has its price. */
const chunkBytes = 64 * 1024;

export interface PackOptions {
  /** Folders that are packed without what is in them. Default: none. */
  readonly hidden?: ReadonlySet<string>;
}

/**
 * A path inside a tree as tar: `/etc` gives `etc/…`, `/etc/.` gives `./…`, `/` gives `/…`; a link is itself. The walk
 * is closed with the stream, which the reader may destroy at any time; it stays the caller's when this throws. Throws
 * `path-not-found` before anything is streamed.
 */
export async function packPath(walk: TreeWalk, path: string, options: PackOptions = {}): Promise<Readable> {
  const last = await findToPack(walk, path);
  const tar = Readable.from(inChunks(packTree(walk, last, outerName(path), options), chunkBytes), {
    objectMode: false,
  });
  tar.once("close", () => void walk[Symbol.asyncDispose]().catch(() => {}));
  return tar;
}

/** Of a folder the walk stands in it then; of anything else beside it. */
async function findToPack(walk: TreeWalk, path: string): Promise<string | undefined> {
  try {
    const last = await walkTo(walk, path, { followLast: /\/\.?$/.test(path) });
    if (last === undefined) return undefined;
    const entry = await walk.openEntry(last);
    if ((await entry.stat()).isDirectory()) {
      await walk.push(last, entry);
      return undefined;
    }
    await entry.close();
    return last;
  } catch (cause) {
    if (!hasCode(cause, "ENOENT") && !hasCode(cause, "ENOTDIR")) throw cause;
    throw new RuncibleError("path-not-found", `read ${path}: there is no such file or folder`, { cause });
  }
}

function outerName(path: string): string {
  if (path === "/") return "";
  const name = posix.basename(path);
  return name === ".." ? "." : name;
}

interface FolderInWork {
  /** In the archive, with a slash at the end. */
  readonly name: string;
  /** Still to be packed, the next one last. */
  readonly pending: PendingEntry[];
}

interface PendingEntry {
  readonly name: string;
  /** It was, when its folder was read. */
  readonly isFolder: boolean;
}

async function* packTree(
  walk: TreeWalk,
  last: string | undefined,
  outer: string,
  { hidden = new Set() }: PackOptions,
): AsyncGenerator<Buffer> {
  const links = new Map<string, string>();
  const open = async (name: string): Promise<FolderInWork> => ({
    name,
    pending: hidden.has(walk.path) ? [] : await entriesBackwards(walk.folder),
  });
  const folders: FolderInWork[] = [];
  if (last === undefined) {
    folders.push(await open(`${outer}/`));
    yield* packEntry(walk.folder, { name: `${outer}/`, stat: await walk.folder.stat(), links });
  } else {
    folders.push({ name: outer, pending: [{ name: last, isFolder: false }] });
  }
  for (let folder = folders.at(-1); folder !== undefined; folder = folders.at(-1)) {
    const { name, pending } = folder;
    if (pending.length === 0) {
      folders.pop();
      await walk.leave();
      continue;
    }
    const isAlone = last !== undefined && folders.length === 1;
    const nameOf = (entryName: string): string => (isAlone ? outer : `${name}${entryName}`);
    const entered = yield* packNext(walk, pending, { nameOf, links });
    if (entered !== undefined) folders.push(await open(`${nameOf(entered)}/`));
  }
  yield Buffer.alloc(1024);
}

async function entriesBackwards(folder: Handle): Promise<PendingEntry[]> {
  const entries = (await folder.entries()).map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  return entries.sort((one, other) => (one.name < other.name ? 1 : -1));
}

/** So many entries are opened before their turn: their calls cost mostly the way to a thread and back. */
const entriesAhead = 16;

/**
 * Packs the next of these entries of the walk's folder, and takes them off the list, up to one that is a folder: its
 * name is returned, and the walk stands in it then.
 */
async function* packNext(
  walk: TreeWalk,
  pending: PendingEntry[],
  { nameOf, links }: { readonly nameOf: (entryName: string) => string; readonly links: Map<string, string> },
): AsyncGenerator<Buffer, string | undefined> {
  const next = pending.slice(-entriesAhead).reverse();
  const firstFolder = next.findIndex(({ isFolder }) => isFolder);
  const opened = await openAll(walk, firstFolder < 0 ? next : next.slice(0, firstFolder + 1));
  try {
    while (opened.length > 0) {
      pending.pop();
      const [entry] = opened;
      if (entry?.stat.isDirectory()) {
        opened.shift();
        await walk.push(entry.name, entry.handle);
        yield* packEntry(entry.handle, { name: `${nameOf(entry.name)}/`, stat: entry.stat, links });
        return entry.name;
      }
      if (entry !== undefined) yield* packEntry(entry.handle, { ...entry, name: nameOf(entry.name), links });
      opened.shift();
      await entry?.handle.close();
    }
    return undefined;
  } finally {
    await closeAll(opened);
  }
}

interface OpenedEntry {
  readonly name: string;
  readonly handle: Handle;
  readonly stat: Stats;
  readonly linkTarget?: string;
  /** Of a small file. */
  readonly content?: Buffer;
}

/** One for each; undefined of what has vanished meanwhile. */
async function openAll(walk: TreeWalk, entries: readonly PendingEntry[]): Promise<(OpenedEntry | undefined)[]> {
  const results = await Promise.allSettled(entries.map(({ name }) => openToPack(walk, name)));
  const opened = results.map((result) => (result.status === "fulfilled" ? result.value : undefined));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return opened;
  await closeAll(opened);
  throw failed.reason;
}

async function closeAll(entries: readonly (OpenedEntry | undefined)[]): Promise<void> {
  await Promise.all(entries.map((entry) => entry?.handle.close()));
}

/** So much of a file is held in memory before its turn. */
const smallBytes = 64 * 1024;

async function openToPack(walk: TreeWalk, name: string): Promise<OpenedEntry | undefined> {
  const handle = await unlessGone(walk.openEntry(name));
  if (handle === undefined) return undefined;
  try {
    const stat = await handle.stat();
    if (stat.isSymbolicLink()) {
      const linkTarget = await unlessGone(readlink(walk.folder.at(name)));
      if (linkTarget !== undefined) return { name, handle, stat, linkTarget };
      await handle.close();
      return undefined;
    }
    // Of several names of one file only the first brings its content.
    const isSmall = stat.isFile() && stat.nlink === 1 && stat.size > 0 && stat.size <= smallBytes;
    return { name, handle, stat, ...(isSmall ? { content: await smallContent(handle, stat.size) } : {}) };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function smallContent(handle: Handle, size: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of contentOf(handle, size)) pieces.push(piece);
  return Buffer.concat(pieces);
}
async function unlessGone<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "EINVAL")) return undefined;
    throw error;
  }
}
