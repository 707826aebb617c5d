import { readlink } from "node:fs/promises";
import { posix } from "node:path";
import { Readable } from "node:stream";
import { hasCode, RuncibleError } from "../../internal/errors";
import type { TreeWalk } from "../tree/tree-walk";
import { walkTo } from "../tree/walk-to";
import { packEntry } from "./pack-entry";

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
  const tar = Readable.from(inChunks(packTree(walk, last, outerName(path), options)), { objectMode: false });
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
  readonly names: string[];
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
    names: hidden.has(walk.path) ? [] : (await walk.folder.names()).sort().reverse(),
  });
  const folders: FolderInWork[] = [];
  if (last === undefined) {
    folders.push(await open(`${outer}/`));
    yield* packEntry(walk.folder, { name: `${outer}/`, stat: await walk.folder.stat(), links });
  } else {
    folders.push({ name: outer, names: [last] });
  }
  for (let folder = folders.at(-1); folder !== undefined; folder = folders.at(-1)) {
    const next = folder.names.pop();
    if (next === undefined) {
      folders.pop();
      await walk.leave();
      continue;
    }
    const name = next === last && folders.length === 1 ? outer : `${folder.name}${next}`;
    const isEntered = yield* packNext(walk, next, { name, links });
    if (isEntered) folders.push(await open(`${name}/`));
  }
  yield Buffer.alloc(1024);
}

/** What has vanished meanwhile is left out. Tells whether it was a folder, in which the walk stands then. */
async function* packNext(
  walk: TreeWalk,
  entryName: string,
  target: { readonly name: string; readonly links: Map<string, string> },
): AsyncGenerator<Buffer, boolean> {
  const entry = await unlessGone(walk.openEntry(entryName));
  if (entry === undefined) return false;
  let isEntered = false;
  try {
    const stat = await entry.stat();
    if (stat.isDirectory()) {
      isEntered = true;
      await walk.push(entryName, entry);
      yield* packEntry(entry, { ...target, name: `${target.name}/`, stat });
    } else if (stat.isSymbolicLink()) {
      const linkTarget = await unlessGone(readlink(walk.folder.at(entryName)));
      if (linkTarget !== undefined) yield* packEntry(entry, { ...target, stat, linkTarget });
    } else {
      yield* packEntry(entry, { ...target, stat });
    }
  } finally {
    if (!isEntered) await entry.close();
  }
  return isEntered;
}

async function unlessGone<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "EINVAL")) return undefined;
    throw error;
  }
}

const chunkBytes = 64 * 1024;

/** Headers and small files together: a chunk on the wire has its price. */
async function* inChunks(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pending: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    pending.push(piece);
    size += piece.length;
    if (size < chunkBytes) continue;
    yield Buffer.concat(pending);
    pending = [];
    size = 0;
  }
  yield Buffer.concat(pending);
}
