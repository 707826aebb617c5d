import { constants, type StatsFs } from "node:fs";
import { access, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { hasCode } from "../../internal/errors";
import { findScratchMounts } from "../../internal/scratch-mounts";
import { formatSize } from "../table";
import { findProgram } from "./find-program";
import { found, type Machine, type Outcome, optional } from "./finding";

/** Magic numbers of statfs(2) for file systems that cannot hold the upper folder of an overlay. */
const unfit: ReadonlyMap<number, string> = new Map([
  [0x794c7630, "an overlay"],
  [0x6969, "NFS"],
  [0x65735546, "FUSE"],
  [0x01021997, "9p"],
]);
const sizeToWarnAt = 1_000_000_000;

/**
 * Whether containers can have their files where the state folder is, or will be, and how the engine will lay them
 * there.
 */
export async function examineStateFolder({ stateFolder, path, env }: Machine): Promise<Outcome> {
  const facts = await fileSystemOf(stateFolder);
  const freeBytes = facts.bavail * facts.bsize;
  const detail = `${stateFolder}, ${formatSize(freeBytes)} free`;
  const asked = env["RUNCIBLE_ROOTFS"];
  if (asked) return found(`${detail}; roots by ${asked}, as RUNCIBLE_ROOTFS asks`);
  const kind = unfit.get(facts.type);
  if (kind !== undefined) return await withoutOverlay({ detail: `${detail}, on ${kind}`, stateFolder, path });
  if (freeBytes < sizeToWarnAt) return optional(detail, "free some space for images");
  return found(`${detail}; roots by the kernel's overlay`);
}

/** What the engine will do then: see runtime/rootfs/choose-driver.ts, which tries it. */
async function withoutOverlay(request: {
  readonly detail: string;
  readonly stateFolder: string;
  /** As in PATH. */
  readonly path: string;
}): Promise<Outcome> {
  const { detail, stateFolder, path } = request;
  const [volume] = await findScratchMounts(stateFolder);
  if (volume !== undefined) return found(`${detail}; roots by the kernel's overlay on ${volume.path} (${volume.type})`);
  const place = "set RUNCIBLE_STATE_DIR to a folder on ext4, xfs, btrfs or tmpfs, in a container to a volume";
  const isInstalled = (await findProgram("fuse-overlayfs", path)) !== undefined;
  const mayUse = await access("/dev/fuse", constants.R_OK | constants.W_OK).then(
    () => true,
    () => false,
  );
  if (isInstalled && mayUse) return optional(`${detail}; roots by fuse-overlayfs`, place);
  const lacking = isInstalled ? "/dev/fuse (Docker: --device /dev/fuse)" : "fuse-overlayfs and /dev/fuse";
  return optional(`${detail}; roots are copies, which take time and space`, `${place}, or give it ${lacking}`);
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
