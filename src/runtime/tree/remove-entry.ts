import { rmdir, unlink } from "node:fs/promises";
import { hasCode, RuncibleError } from "../../internal/errors";
import type { TreeWalk } from "./tree-walk";

/** Removes what has this name in the walk's folder, with all that is in it. Mount points stay, and are an error. */
export async function removeEntry(walk: TreeWalk, name: string): Promise<void> {
  if (await removeAtOnce(walk, name)) return;
  const pending = [await enterToEmpty(walk, name)];
  for (let folder = pending.at(-1); folder !== undefined; folder = pending.at(-1)) {
    const next = folder.names.pop();
    if (next === undefined) {
      pending.pop();
      await walk.leave();
      await rmdir(walk.folder.at(folder.name));
    } else if (!(await removeAtOnce(walk, next))) {
      pending.push(await enterToEmpty(walk, next));
    }
  }
}

/** False: it is a folder. */
async function removeAtOnce(walk: TreeWalk, name: string): Promise<boolean> {
  if (walk.isMountPoint(name)) {
    throw new RuncibleError("invalid-argument", `remove ${walk.pathOf(name)}: device or resource busy`);
  }
  try {
    await unlink(walk.folder.at(name));
    return true;
  } catch (error) {
    if (hasCode(error, "EISDIR")) return false;
    if (hasCode(error, "ENOENT")) return true;
    throw error;
  }
}

async function enterToEmpty(
  walk: TreeWalk,
  name: string,
): Promise<{ readonly name: string; readonly names: string[] }> {
  await walk.enter(name);
  return { name, names: await walk.folder.names() };
}
