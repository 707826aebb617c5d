import type { BigIntStats, Stats } from "node:fs";
import { hasCode } from "../../internal/errors";
import type { Handle } from "../tree/handle";
import { openTree } from "../tree/open-tree";
import type { TreeWalk } from "../tree/tree-walk";
import { type DeletionMarks, deletedBy } from "./deletion-marks";
import { findBelow, type Lowers } from "./find-below";

export interface Change {
  /** From the container's root, with a leading slash. */
  readonly path: string;
  readonly kind: "modified" | "added" | "deleted";
}

/**
 * Where every container has something mounted. What is made there to mount on is no change of the container's; nor is
 * it for Docker, which keeps it in a layer of its own.
 */
const mountPoints: ReadonlySet<string> = new Set([
  ...["/dev", "/dev/console", "/dev/pts", "/dev/shm", "/proc", "/sys"],
  ...["/etc", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf"],
]);

/** Reads an overlay's upper folder: marks are deletions, the rest is new or changed. */
export async function* changesIn(
  upper: string,
  layers: readonly string[],
  marks: DeletionMarks,
): AsyncGenerator<Change> {
  await using walk = await openTree({ path: upper });
  yield* changesBelow(walk, { folders: layers.toReversed(), marks });
}

async function* changesBelow(walk: TreeWalk, lowers: Lowers): AsyncGenerator<Change> {
  for (const name of (await walk.folder.names()).sort()) yield* changesAt(walk, name, lowers);
}

async function* changesAt(walk: TreeWalk, name: string, lowers: Lowers): AsyncGenerator<Change> {
  const path = walk.pathOf(name);
  const entry = await openUnlessGone(walk, name);
  if (entry === undefined) return;
  let isEntered = false;
  try {
    const stat = await entry.stat();
    const deleted = deletedBy(name, stat, lowers.marks);
    if (deleted === "") return;
    if (deleted !== undefined) {
      yield { path: walk.pathOf(deleted), kind: "deleted" };
      return;
    }
    const below = await findBelow(lowers, name);
    const change: Change = { path, kind: below.stat === undefined ? "added" : "modified" };
    let isTold = !isMountPoint(path, stat) || (stat.isDirectory() && !isAsBefore(stat, below.stat));
    if (isTold) yield change;
    if (!stat.isDirectory()) return;
    isEntered = true;
    await walk.push(name, entry);
    for await (const inside of changesBelow(walk, { ...lowers, folders: below.folders })) {
      if (!isTold) yield change;
      isTold = true;
      yield inside;
    }
    await walk.leave();
  } finally {
    if (!isEntered) await entry.close();
  }
}

/** Undefined: it has been taken away meanwhile. */
export async function openUnlessGone(walk: TreeWalk, name: string): Promise<Handle | undefined> {
  try {
    return await walk.openEntry(name);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Nobody can write to what is mounted over. */
export function isMountPoint(
  path: string,
  stat: Pick<Stats | BigIntStats, "isDirectory" | "isFile" | "size">,
): boolean {
  return mountPoints.has(path) && (stat.isDirectory() || (stat.isFile() && Number(stat.size) === 0));
}

function isAsBefore(stat: Stats, before: Stats | undefined): boolean {
  if (before === undefined) return true;
  return stat.mode === before.mode && stat.uid === before.uid && stat.gid === before.gid;
}
