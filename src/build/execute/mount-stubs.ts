import type { Stats } from "node:fs";
import { lstat, rmdir, unlink, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { resolveInRoot } from "../context/path-in-root";

/** What a container's mounts will leave in its root: empty files and folders to mount on. */
export interface MountStubs {
  /** While the root is still mounted. */
  remove(): Promise<void>;
  /** When it is not any more: folders that were only touched leave the upper folder. */
  prune(upper: string): Promise<void>;
}

interface Parent {
  /** From the root. */
  readonly path: string;
  readonly stats: Stats;
}

/** To be called before the container starts. */
export async function findMountStubs(rootPath: string, targets: readonly string[]): Promise<MountStubs> {
  const missing = new Set<string>();
  const parents = new Map<string, Parent>();
  for (const target of targets) {
    let path = await resolveInRoot(rootPath, target, { followLast: true });
    while (path.length > rootPath.length && !(await statOrNothing(path))) {
      missing.add(path);
      path = dirname(path);
    }
    const stats = path.length > rootPath.length ? await statOrNothing(path) : undefined;
    if (stats?.isDirectory()) parents.set(path, { path: path.slice(rootPath.length + 1), stats });
  }
  const deepestFirst = [...missing].sort((left, right) => right.length - left.length);
  return {
    remove: async () => {
      for (const path of deepestFirst) await removeEmpty(path);
      for (const [path, { stats }] of parents) await utimes(path, stats.atime, stats.mtime).catch(() => {});
    },
    prune: async (upper) => {
      for (const parent of parents.values()) await pruneUnchanged(upper, parent);
    },
  };
}

async function removeEmpty(path: string): Promise<void> {
  const stats = await statOrNothing(path);
  if (stats?.isFile() && stats.size === 0) await unlink(path);
  // A folder with something in it is the command's own by now.
  else if (stats?.isDirectory()) await rmdir(path).catch(() => {});
}

async function pruneUnchanged(upper: string, { path, stats }: Parent): Promise<void> {
  const copy = join(upper, path);
  const found = await statOrNothing(copy);
  const isSame =
    found?.isDirectory() &&
    found.mode === stats.mode &&
    found.uid === stats.uid &&
    found.gid === stats.gid &&
    Math.abs(found.mtimeMs - stats.mtimeMs) < 1;
  if (isSame) await rmdir(copy).catch(() => {});
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  return await lstat(path).catch(() => undefined);
}
