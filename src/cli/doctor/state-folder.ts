import type { StatsFs } from "node:fs";
import { statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "../../internal/errors";
import { formatSize } from "../table";
import { found, type Machine, missing, type Outcome, optional } from "./finding";

/** Magic numbers of statfs(2) for file systems that cannot hold the upper folder of an overlay. */
const unusable: ReadonlyMap<number, string> = new Map([
  [0x794c7630, "overlay"],
  [0x6969, "NFS"],
  [0x65735546, "FUSE"],
  [0x01021997, "9p"],
]);
const sizeToWarnAt = 1_000_000_000;

/** Whether containers can have their files where the state folder is, or will be. */
export async function examineStateFolder({ stateFolder }: Machine): Promise<Outcome> {
  const facts = await fileSystemOf(stateFolder);
  const freeBytes = facts.bavail * facts.bsize;
  const detail = `${stateFolder}, ${formatSize(freeBytes)} free`;
  const kind = unusable.get(facts.type);
  if (kind !== undefined) {
    return missing(`${detail}, on ${kind}`, "set RUNCIBLE_STATE_DIR to a folder on ext4, xfs, btrfs or tmpfs");
  }
  if (freeBytes < sizeToWarnAt) return optional(detail, "free some space for images");
  return found(detail);
}

/** Of the folder, or of the nearest one above that exists. */
async function fileSystemOf(folder: string): Promise<StatsFs> {
  try {
    return await statfs(folder);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    return fileSystemOf(dirname(folder));
  }
}
