import type { Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { ahead } from "../../internal/ahead";

export interface TreeEntry {
  /** From the top of the tree; empty for the top itself. */
  readonly relative: string;
  /** On this machine. */
  readonly path: string;
  readonly stats: Stats;
  /** Of a symbolic link. */
  readonly link?: string;
  /** A folder that is there only because something in it counts. */
  readonly isLeftOut: boolean;
}

/** What of a tree counts, by paths from its top. */
export interface TreeFilter {
  leavesOut(relative: string): boolean;
  /** Something in a folder that is left out may count all the same; then so does the folder. */
  readonly hasExceptions: boolean;
}

export const wholeTree: TreeFilter = { leavesOut: () => false, hasExceptions: false };

/** A file or a folder with all that is in it, folders before their content, names in order. Links are not followed. */
export async function* walkTree(top: string, filter: TreeFilter): AsyncGenerator<TreeEntry> {
  yield* walkFrom({ top, filter, held: [] }, "", await lstat(top));
}

interface Walk {
  readonly top: string;
  readonly filter: TreeFilter;
  /** Folders on the way that are left out unless something in them counts. */
  readonly held: TreeEntry[];
}

/** The price of a file is the way to a thread and back, which several share. */
const filesAhead = 16;

async function* walkFrom(walk: Walk, relative: string, stats: Stats): AsyncGenerator<TreeEntry> {
  const { top, filter, held } = walk;
  const path = relative === "" ? top : join(top, relative);
  const isLeftOut = relative !== "" && filter.leavesOut(relative);
  const link = stats.isSymbolicLink() ? { link: await readlink(path) } : {};
  const entry: TreeEntry = { relative, path, stats, ...link, isLeftOut };
  if (isLeftOut && !(stats.isDirectory() && filter.hasExceptions)) return;
  held.push(entry);
  if (!isLeftOut) yield* held.splice(0);
  if (!stats.isDirectory()) return;
  const names = (await readdir(path)).sort();
  const children = ahead(names, filesAhead, async (name) => ({ name, stats: await lstat(join(path, name)) }));
  for await (const child of children) {
    yield* walkFrom(walk, relative === "" ? child.name : `${relative}/${child.name}`, child.stats);
  }
  if (held.at(-1) === entry) held.pop();
}
