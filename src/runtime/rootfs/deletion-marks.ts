import type { BigIntStats, Stats } from "node:fs";
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import type { LayerForm } from "../layer/tar-filter";

/** How an upper folder or a layer says that a name of the layers below is gone. */
export type DeletionMarks = LayerForm["whiteouts"];

const prefix = ".wh.";
/** Name of the empty file that lets its folder hide those below. */
export const opaqueName = ".wh..wh..opq";
/** Of fuse-overlayfs, beside the name above. */
const opaqueDevice = ".wh..opq";

/**
 * The name that an entry deletes, empty for one that says something else about its folder; undefined: it is no mark.
 * Pure.
 */
export function deletedBy(
  name: string,
  stat: Pick<Stats | BigIntStats, "isCharacterDevice" | "isFile" | "rdev">,
  marks: DeletionMarks,
): string | undefined {
  const isDevice = stat.isCharacterDevice() && Number(stat.rdev) === 0;
  // fuse-overlayfs makes either, and even devices of such names.
  const isNamed = marks === "names" && name.startsWith(prefix) && (isDevice || stat.isFile());
  if (!isNamed) return isDevice ? name : undefined;
  return name.startsWith(`${prefix}${prefix}`) || name === opaqueDevice ? "" : name.slice(prefix.length);
}

/** The name of the empty file that deletes another. */
export function deletionMark(name: string): string {
  return `${prefix}${name}`;
}

/** Whether a folder deletes a name of those below. Devices have that name themselves, and are looked at there. */
export async function isDeleted(folder: string, name: string, marks: DeletionMarks): Promise<boolean> {
  return marks === "names" && (await isThere(join(folder, deletionMark(name))));
}

/** Whether a folder hides those below; of folders marked by an attribute, which Node cannot read, it is not known. */
export async function isOpaque(folder: string, marks: DeletionMarks): Promise<boolean> {
  return marks === "names" && (await isThere(join(folder, opaqueName)));
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
