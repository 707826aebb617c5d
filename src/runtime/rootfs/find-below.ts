import type { Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { type DeletionMarks, deletedBy, isDeleted, isOpaque } from "./deletion-marks";

/** The layers' own folders at a path, the upmost first, and how they mark deletions. */
export interface Lowers {
  readonly folders: readonly string[];
  readonly marks: DeletionMarks;
}

/** What the layers have at a path. */
export interface Below {
  readonly stat: Stats | undefined;
  /** Of a folder: those that the overlay merges. */
  readonly folders: readonly string[];
}

/**
 * What the layers have under a name. They never change, so their paths are safe as long as no part of them is a link.
 */
export async function findBelow({ folders: lowers, marks }: Lowers, name: string): Promise<Below> {
  let first: Stats | undefined;
  const folders: string[] = [];
  for (const lower of lowers) {
    const path = join(lower, name);
    const stat = await lstat(path).catch(() => undefined);
    if (stat === undefined) {
      if ((await isDeleted(lower, name, marks)) || (await isOpaque(lower, marks))) break;
      continue;
    }
    if (deletedBy(name, stat, marks) !== undefined) break;
    first ??= stat;
    if (!stat.isDirectory()) break;
    folders.push(path);
    if (await isOpaque(path, marks)) break;
  }
  return { stat: first, folders };
}

/** Lowest first, unpacked. */
export interface Layers {
  readonly layers: readonly string[];
  readonly marks: DeletionMarks;
}

/**
 * Tells of a path, from the root and without a leading slash, whether layers have something there that is not deleted.
 */
export function belowLayers({ layers, marks }: Layers): (path: string) => Promise<boolean> {
  const known = new Map<string, Promise<Below>>([
    ["", Promise.resolve({ stat: undefined, folders: layers.toReversed() })],
  ]);
  const below = async (path: string): Promise<Below> => {
    const slash = path.lastIndexOf("/");
    const { folders } = await knownBelow(path.slice(0, Math.max(slash, 0)));
    if (folders.length === 0) return { stat: undefined, folders };
    return await findBelow({ folders, marks }, path.slice(slash + 1));
  };
  const knownBelow = (path: string): Promise<Below> => {
    const found = known.get(path) ?? below(path);
    known.set(path, found);
    return found;
  };
  return async (path) => path === "" || (await knownBelow(path)).stat !== undefined;
}
