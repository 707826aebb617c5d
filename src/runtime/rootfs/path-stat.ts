import type { Stats } from "node:fs";
import { readlink } from "node:fs/promises";
import { basename } from "node:path";
import { hasCode, RuncibleError } from "../../internal/errors";
import type { TreeWalk } from "../tree/tree-walk";
import { walkTo } from "../tree/walk-to";

export interface RootPathStat {
  readonly name: string;
  readonly size: number;
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly permissions: number;
  /** RFC 3339. */
  readonly modifiedAt: string;
  /** Of a symbolic link, all links on the way resolved, from the root; else empty. */
  readonly linkTarget: string;
}

/** Describes a path inside a tree; a link is described itself. Throws `path-not-found`. */
export async function statPath(walk: TreeWalk, path: string): Promise<RootPathStat> {
  try {
    const last = await walkTo(walk, path, { followLast: /\/\.?$/.test(path) });
    const stat = last === undefined ? await walk.folder.stat() : await statEntry(walk, last);
    const kind = kindOf(stat);
    // As the kernel has it: what ends in a slash is a folder.
    if (/\/\.?$/.test(path) && kind === "file") {
      throw new RuncibleError("invalid-argument", `lstat ${path}: not a directory`);
    }
    return {
      name: basename(path.replace(/\/\.?$/, "")) || "/",
      size: stat.size,
      kind,
      permissions: stat.mode & 0o7777,
      modifiedAt: stat.mtime.toISOString(),
      linkTarget: kind === "symlink" && last !== undefined ? await linkTarget(walk, last) : "",
    };
  } catch (cause) {
    if (!hasCode(cause, "ENOENT") && !hasCode(cause, "ENOTDIR")) throw cause;
    throw new RuncibleError("path-not-found", `stat ${path}: there is no such file or folder`, { cause });
  }
}

async function statEntry(walk: TreeWalk, name: string): Promise<Stats> {
  const entry = await walk.openEntry(name);
  try {
    return await entry.stat();
  } finally {
    await entry.close();
  }
}

function kindOf(stat: Stats): RootPathStat["kind"] {
  if (stat.isDirectory()) return "directory";
  if (stat.isFile()) return "file";
  return stat.isSymbolicLink() ? "symlink" : "other";
}

/** Where it leads in the end; of a link that leads nowhere, what is written in it. */
async function linkTarget(walk: TreeWalk, name: string): Promise<string> {
  const text = await readlink(walk.folder.at(name));
  try {
    const last = await walkTo(walk, walk.pathOf(name), { followLast: true });
    return last === undefined ? walk.path : walk.pathOf(last);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR") || hasCode(error, "invalid-argument")) return text;
    throw error;
  }
}
