import { stat, utimes, writeFile } from "node:fs/promises";
import { hasCode } from "../../internal/errors";
import { openTree } from "../tree/open-tree";
import type { TreeWalk } from "../tree/tree-walk";
import { partsOf } from "../tree/walk-to";
import { deletionMark, opaqueName } from "./deletion-marks";

/** Paths from the root, with a leading slash. */
export interface Deletions {
  readonly deleted: readonly string[];
  /** Folders that hide what lies below them. */
  readonly opaque: readonly string[];
}

/**
 * Marks deletions in a folder of what a container wrote. A folder on the way may have become a link since, to anywhere
 * on the host, or gone: then there is nothing to delete any more.
 */
export async function writeDeletionMarks(upper: string, { deleted, opaque }: Deletions): Promise<void> {
  await using walk = await openTree({ path: upper });
  for (const path of deleted) {
    const parents = partsOf(path);
    const name = parents.pop();
    if (name !== undefined) await writeMark(walk, parents, deletionMark(name));
  }
  for (const path of opaque) await writeMark(walk, partsOf(path), opaqueName);
}

async function writeMark(walk: TreeWalk, folder: readonly string[], mark: string): Promise<void> {
  try {
    await walk.moveTo(folder);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return;
    throw error;
  }
  const before = await stat(walk.folder.path);
  await writeFile(walk.folder.at(mark), "", { flag: "wx" });
  // The folder's times are those that the container saw.
  await utimes(walk.folder.path, before.atimeMs / 1000, before.mtimeMs / 1000);
}
