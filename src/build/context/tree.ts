import type { Stats } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";

export interface TreeEntry {
  /** From the top of the tree; empty for the top itself. */
  readonly relative: string;
  /** On this machine. */
  readonly path: string;
  readonly stats: Stats;
  /** Of a symbolic link. */
  readonly link?: string;
}

/** A file or a folder with all that is in it, folders before their content, names in order. Links are not followed. */
export async function* walkTree(
  top: string,
  isExcluded: (relative: string) => boolean,
  relative: string = "",
): AsyncGenerator<TreeEntry> {
  const path = relative === "" ? top : join(top, relative);
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) {
    yield { relative, path, stats, link: await readlink(path) };
    return;
  }
  yield { relative, path, stats };
  if (!stats.isDirectory()) return;
  for (const name of (await readdir(path)).sort()) {
    const inner = relative === "" ? name : `${relative}/${name}`;
    if (!isExcluded(inner)) yield* walkTree(top, isExcluded, inner);
  }
}
