import { stat, writeFile } from "node:fs/promises";
import { hasCode } from "../../internal/errors";
import { Handle } from "./handle";
import { openSource, type TreeMount, TreeWalk } from "./tree-walk";
import { walkTo } from "./walk-to";

export interface TreeRequest {
  /** Folder of the host that is the root. */
  readonly path: string;
  /** Parents before children. Mount points that lack are made, as a real mount would need them. Default: none. */
  readonly mounts?: readonly (TreeMount & { readonly target: string })[];
  /** Default: false. */
  readonly isReadOnly?: boolean;
}

/** A walk at the root of a tree. The mounts are only seen by the walk: the kernel mounts nothing. */
export async function openTree({ path, mounts = [], isReadOnly = false }: TreeRequest): Promise<TreeWalk> {
  const walk = new TreeWalk(await Handle.openFolder(path));
  try {
    for (const { target, ...mount } of mounts) walk.addMount(await makeMountPoint(walk, target, mount), mount);
    await walk.toRoot();
    walk.isRootReadOnly = isReadOnly;
    return walk;
  } catch (error) {
    await walk[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * The tree that a running process has for its root. Undefined when the process is gone (another one may have its number
 * by now), or has changed its root to something else than `path`.
 */
export async function openProcessTree(pid: number, path: string): Promise<TreeWalk | undefined> {
  try {
    const root = await Handle.openFolder(`/proc/${pid}/root`);
    const { dev, ino } = await stat(path, { bigint: true });
    if ((await root.identity()) === `${dev}:${ino}`) return new TreeWalk(root);
    await root.close();
    return undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH") || hasCode(error, "EACCES")) return undefined;
    throw error;
  }
}

/** The path of the mount point, free of links. */
async function makeMountPoint(walk: TreeWalk, target: string, mount: TreeMount): Promise<string> {
  const last = await walkTo(walk, target, { followLast: true, makeMissing: true });
  if (last === undefined) return walk.path;
  if (await isFolder(mount)) {
    await walk.makeFolder(last);
  } else {
    await writeFile(walk.folder.at(last), "", { flag: "wx", mode: 0o644 }).catch((error: unknown) => {
      if (!hasCode(error, "EEXIST")) throw error;
    });
  }
  return walk.pathOf(last);
}

async function isFolder(mount: TreeMount): Promise<boolean> {
  const source = await openSource(mount);
  try {
    return (await source.stat()).isDirectory();
  } finally {
    await source.close();
  }
}
