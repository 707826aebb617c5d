import { writeFile } from "node:fs/promises";
import { hasCode } from "../../internal/errors";
import { openTree } from "../tree/open-tree";
import { partsOf } from "../tree/walk-to";
import { deletionMark } from "./deletion-marks";

/**
 * Marks paths, from the root and with a leading slash, as deleted in a folder of what a container wrote. A folder on the
 * way may have become a link since, to anywhere on the host, or gone: then there is nothing to delete any more.
 */
export async function writeDeletionMarks(upper: string, paths: readonly string[]): Promise<void> {
  await using walk = await openTree({ path: upper });
  for (const path of paths) {
    const parents = partsOf(path);
    const name = parents.pop();
    if (name === undefined) continue;
    try {
      await walk.moveTo(parents);
    } catch (error) {
      if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) continue;
      throw error;
    }
    await writeFile(walk.folder.at(deletionMark(name)), "", { flag: "wx" });
  }
}
