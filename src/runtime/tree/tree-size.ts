import { lstat } from "node:fs/promises";
import { hasCode } from "../../internal/errors";
import { openTree } from "./open-tree";
import type { TreeWalk } from "./tree-walk";

/** Bytes of all regular files below a folder; 0 if there is none. What vanishes meanwhile does not count. */
export async function sizeOfTree(path: string): Promise<number> {
  try {
    await using walk = await openTree({ path });
    return await sizeBelow(walk);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return 0;
    throw error;
  }
}

async function sizeBelow(walk: TreeWalk): Promise<number> {
  let sum = 0;
  for (const name of await walk.folder.names()) {
    const stat = await lstat(walk.folder.at(name)).catch(() => undefined);
    if (stat?.isFile()) sum += stat.size;
    else if (stat?.isDirectory()) sum += await sizeInside(walk, name);
  }
  return sum;
}

async function sizeInside(walk: TreeWalk, name: string): Promise<number> {
  try {
    await walk.enter(name);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return 0;
    throw error;
  }
  const sum = await sizeBelow(walk);
  await walk.leave();
  return sum;
}
