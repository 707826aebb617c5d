import type { BigIntStats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Handle } from "../tree/handle";
import { openTree } from "../tree/open-tree";
import type { TreeWalk } from "../tree/tree-walk";
import { type Change, isMountPoint, openUnlessGone } from "./changes";
import { deletedBy, isOpaque } from "./deletion-marks";

export interface Comparison {
  readonly changes: readonly Change[];
  /** Paths of what is as the layers have it; of a folder, all that is in it. */
  readonly unchanged: readonly string[];
  /** Paths of folders that were made in place of what the layers have there, none of which is in `unchanged`. */
  readonly remade: readonly string[];
}

/**
 * An entry of the layers: its place in the upmost one that has it, and of a folder all that are merged, the upmost
 * first.
 */
interface Below {
  readonly stat: BigIntStats;
  readonly folders: readonly string[];
}

/**
 * Compares a root that was copied out of layers with them. A file whose inode was changed after the copy is changed;
 * one that was moved with its folder is told by its size, time and owner.
 */
export async function compareCopy(request: {
  readonly root: string;
  /** Lowest first, with deletions marked by names. */
  readonly layers: readonly string[];
  readonly copiedNs: bigint;
}): Promise<Comparison> {
  await using walk = await openTree({ path: request.root });
  return await compareFolder(walk, request.layers.toReversed(), request.copiedNs);
}

async function compareFolder(walk: TreeWalk, lowers: readonly string[], copiedNs: bigint): Promise<Comparison> {
  const below = await mergedEntries(lowers);
  const names = (await walk.folder.names()).sort();
  const own = new Set(names);
  const changes: Change[] = [...below.keys()]
    .filter((name) => !own.has(name))
    .map((name) => ({ path: walk.pathOf(name), kind: "deleted" }));
  const unchanged: string[] = [];
  const remade: string[] = [];
  for (const name of names) {
    const entry = await openUnlessGone(walk, name);
    if (entry === undefined) continue;
    const found = await compareEntry(walk, { name, entry, before: below.get(name), copiedNs });
    // There may be more than a call has room for as its arguments.
    for (const change of found.changes) changes.push(change);
    for (const path of found.unchanged) unchanged.push(path);
    for (const path of found.remade) remade.push(path);
  }
  return { changes, unchanged, remade };
}

interface Entry {
  readonly name: string;
  readonly entry: Handle;
  readonly before: Below | undefined;
  readonly copiedNs: bigint;
}

async function compareEntry(walk: TreeWalk, { name, entry, before, copiedNs }: Entry): Promise<Comparison> {
  const path = walk.pathOf(name);
  let isEntered = false;
  try {
    const stat = await entry.exactStat();
    const change: Change = { path, kind: before === undefined ? "added" : "modified" };
    const isPlace = isMountPoint(path, stat);
    if (!stat.isDirectory()) {
      if (before !== undefined && isSame(stat, before.stat, copiedNs)) return { ...nothing, unchanged: [path] };
      return { ...nothing, changes: isPlace ? [] : [change] };
    }
    isEntered = true;
    await walk.push(name, entry);
    const inside = await compareFolder(walk, before?.folders ?? [], copiedNs);
    await walk.leave();
    const isTouched = inside.changes.length > 0 || (before === undefined ? !isPlace : !hasSameOwner(stat, before.stat));
    const isRemade = before !== undefined && (stat.birthtimeNs > copiedNs || !before.stat.isDirectory());
    if (isRemade) return { changes: [change, ...inside.changes], unchanged: [], remade: [path] };
    if (isTouched) return { ...inside, changes: [change, ...inside.changes] };
    return { ...nothing, unchanged: before === undefined ? [] : [path] };
  } finally {
    if (!isEntered) await entry.close();
  }
}

const nothing: Comparison = { changes: [], unchanged: [], remade: [] };

/** Of the kind too, which is in the mode. */
function hasSameOwner(stat: BigIntStats, before: BigIntStats): boolean {
  return stat.mode === before.mode && stat.uid === before.uid && stat.gid === before.gid;
}

function isSame(stat: BigIntStats, before: BigIntStats, copiedNs: bigint): boolean {
  if (stat.ctimeNs > copiedNs || !hasSameOwner(stat, before)) return false;
  return stat.size === before.size && stat.mtimeNs === before.mtimeNs;
}

/**
 * What the layers have in a folder, marks taken into account. They never change, and no part of their paths is a link.
 */
async function mergedEntries(lowers: readonly string[]): Promise<ReadonlyMap<string, Below>> {
  const merged = new Map<string, Below>();
  const gone = new Set<string>();
  for (const lower of lowers) {
    const goneBelow: string[] = [];
    for (const name of await readdir(lower)) {
      const path = join(lower, name);
      const stat = await lstat(path, { bigint: true });
      const deleted = deletedBy(name, stat, "names");
      if (deleted !== undefined) goneBelow.push(deleted);
      else if (!gone.has(name)) {
        const above = merged.get(name);
        if (above === undefined) merged.set(name, { stat, folders: stat.isDirectory() ? [path] : [] });
        else if (stat.isDirectory()) merged.set(name, { ...above, folders: [...above.folders, path] });
        // A file hides what is below it, and a folder that hides is the last.
        if (!stat.isDirectory() || (await isOpaque(path, "names"))) goneBelow.push(name);
      }
    }
    for (const name of goneBelow) gone.add(name);
    if (await isOpaque(lower, "names")) break;
  }
  return merged;
}
