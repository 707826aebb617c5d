import type { Stats } from "node:fs";
import { lstat, lutimes, rmdir, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "../../internal/errors";
import { openTree } from "../../runtime/tree/open-tree";
import type { TreeWalk } from "../../runtime/tree/tree-walk";
import { partsOf } from "../../runtime/tree/walk-to";
import { resolveInRoot } from "../context/path-in-root";

/** What a container's mounts will leave in its root: empty files and folders to mount on. */
export interface MountStubs {
  /** While the root is still mounted. */
  remove(): Promise<void>;
  /** When it is not any more: folders that were only touched leave the upper folder. */
  prune(upper: string): Promise<void>;
}

/**
 * To be called before the container starts. The command may put links in place of any of these folders, so that
 * afterwards none is followed.
 */
export async function findMountStubs(rootPath: string, targets: readonly string[]): Promise<MountStubs> {
  /** From the root. */
  const missing = new Set<string>();
  const parents = new Map<string, Stats>();
  for (const target of targets) {
    let path = await resolveInRoot(rootPath, target, { followLast: true });
    while (path.length > rootPath.length && !(await statOrNothing(path))) {
      missing.add(path.slice(rootPath.length));
      path = dirname(path);
    }
    const stats = path.length > rootPath.length ? await statOrNothing(path) : undefined;
    if (stats?.isDirectory()) parents.set(path.slice(rootPath.length), stats);
  }
  const deepestFirst = (left: string, right: string): number => right.length - left.length;
  return {
    remove: async () => {
      await using walk = await openTree({ path: rootPath });
      for (const path of [...missing].sort(deepestFirst)) await inFolderOf(walk, path, removeEmpty);
      for (const [path, { atime, mtime }] of parents) {
        await inFolderOf(walk, path, (entry) => lutimes(entry, atime, mtime));
      }
    },
    prune: async (upper) => {
      await using walk = await openTree({ path: upper });
      const touched = [...parents].sort(([left], [right]) => deepestFirst(left, right));
      for (const [path, stats] of touched) await inFolderOf(walk, path, (entry) => pruneUnchanged(entry, stats));
    },
  };
}

/**
 * Hands `act` the path of an entry whose folders are what they are called; when they are not any more, it is left
 * alone.
 */
async function inFolderOf(walk: TreeWalk, path: string, act: (entry: string) => Promise<void>): Promise<void> {
  const parts = partsOf(path);
  const name = parts.pop();
  if (name === undefined) return;
  try {
    await walk.moveTo(parts);
    await act(walk.folder.at(name));
  } catch (error) {
    if (!hasCode(error, "ENOENT") && !hasCode(error, "ENOTDIR") && !hasCode(error, "ELOOP")) throw error;
  }
}

async function removeEmpty(entry: string): Promise<void> {
  const stats = await lstat(entry);
  if (stats.isFile() && stats.size === 0) await unlink(entry);
  // A folder with something in it is the command's own by now.
  else if (stats.isDirectory()) await rmdirEmpty(entry);
}

async function pruneUnchanged(entry: string, stats: Stats): Promise<void> {
  const found = await lstat(entry);
  const isSame =
    found.isDirectory() &&
    found.mode === stats.mode &&
    found.uid === stats.uid &&
    found.gid === stats.gid &&
    Math.abs(found.mtimeMs - stats.mtimeMs) < 1;
  if (isSame) await rmdirEmpty(entry);
}

async function rmdirEmpty(entry: string): Promise<void> {
  await rmdir(entry).catch((error: unknown) => {
    if (!hasCode(error, "ENOTEMPTY")) throw error;
  });
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  return await lstat(path).catch(() => undefined);
}
