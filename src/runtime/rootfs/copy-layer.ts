import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../internal/exec";
import { removeTree } from "../../internal/remove-tree";
import { deletedBy } from "./deletion-marks";

/**
 * Copies one layer over those below it, with everything but its marks. `root` is nobody's yet, so its paths are safe:
 * the way is cleared from the top down, and no link of a lower layer is left where this one has a folder.
 */
export async function copyLayer(layer: string, root: string): Promise<void> {
  const marks: string[] = [];
  await clearWay({ layer, root, path: "", isBelow: true, marks });
  const args = ["--archive", "--reflink=auto", "--no-target-directory", join(layer, "."), root];
  await run("cp", args, { timeoutMs: 1_800_000, env: { PATH: "/usr/bin:/bin", LC_ALL: "C" } });
  for (const mark of marks) await rm(join(root, mark), { force: true });
}

interface Place {
  readonly layer: string;
  readonly root: string;
  readonly path: string;
  /** The root has this folder already, from a layer below. */
  readonly isBelow: boolean;
  /** Paths of the marks of deletions, collected. */
  readonly marks: string[];
}

/** Removes what the layer deletes or has something of another kind for. */
async function clearWay(place: Place): Promise<void> {
  const { layer, root, path, isBelow, marks } = place;
  for (const entry of await readdir(join(layer, path), { withFileTypes: true })) {
    const own = join(path, entry.name);
    const deleted = deletedBy(entry.name, await lstat(join(layer, own)), "names");
    if (deleted !== undefined) marks.push(own);
    if (deleted === "") await empty(join(root, path), isBelow);
    else if (deleted !== undefined) await remove(join(root, path, deleted), isBelow);
    else if (entry.isDirectory()) {
      await clearWay({ ...place, path: own, isBelow: isBelow && (await keepsFolder(join(root, own))) });
    } else await remove(join(root, own), isBelow);
  }
}

async function keepsFolder(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  if (stat?.isDirectory()) return true;
  if (stat !== undefined) await rm(path);
  return false;
}

async function remove(path: string, isBelow: boolean): Promise<void> {
  if (isBelow) await removeTree(path);
}

async function empty(folder: string, isBelow: boolean): Promise<void> {
  if (!isBelow) return;
  for (const name of await readdir(folder)) await removeTree(join(folder, name));
}
