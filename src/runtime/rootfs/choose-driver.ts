import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { findScratchMounts, type ScratchMount, storageFolderFile } from "../../internal/scratch-mounts";
import { copyDriver } from "./copy-driver";
import { fuseDriver } from "./fuse-driver";
import { oneAtATime } from "./one-at-a-time";
import { overlayDriver } from "./overlay-driver";
import { probeDriver } from "./probe-driver";
import type { RootfsDriver, RootfsDriverName } from "./rootfs";
import { claimScratchFolder, type ScratchFolder } from "./scratch-folder";

export interface RootfsChoice {
  readonly driver: RootfsDriver;
  /** For people: `/var/lib/runcible is on an overlay, …`. */
  readonly why: string;
  /** Where images, layers and containers belong: what one driver wrote, another cannot read. */
  readonly storageFolder: string;
  /** Lets go of the place. */
  release(): Promise<void>;
}

export interface ChoiceRequest {
  readonly stateFolder: string;
  readonly engineId: string;
  /** The one that somebody insists on. */
  readonly asked: RootfsDriverName | undefined;
  /** Default: those that are mounted. */
  readonly scratchMounts?: readonly ScratchMount[];
}

const drivers: Readonly<Record<RootfsDriverName, RootfsDriver>> = {
  overlay: overlayDriver,
  "fuse-overlayfs": fuseDriver,
  copy: copyDriver,
};

/**
 * The first that works of: the kernel's overlay in the state folder; the same on a volume or a tmpfs, as an overlay
 * cannot lie on an overlay, which a container's own files mostly are; fuse-overlayfs; plain copies. Throws
 * `capability-missing` when none does, or the one asked for does not; `timeout` as `probeDriver`.
 */
export async function chooseRootfs(request: ChoiceRequest): Promise<RootfsChoice> {
  const choice = await firstThatWorks(request);
  const driver = oneAtATime(choice.driver);
  // For whoever removes the state folder: client/remove-state.ts.
  await writeFile(join(request.stateFolder, storageFolderFile), choice.storageFolder);
  return { ...choice, driver };
}

async function firstThatWorks(request: ChoiceRequest): Promise<RootfsChoice> {
  const { stateFolder, asked } = request;
  const refusals: string[] = [];
  if (asked === undefined || asked === "overlay") {
    const refusal = await probeDriver(overlayDriver, stateFolder);
    if (refusal === undefined) {
      const why = asked === undefined ? `the kernel lays layers over each other in ${stateFolder}` : askedFor;
      return { driver: overlayDriver, why, storageFolder: stateFolder, release: async () => {} };
    }
    refusals.push(`overlay in ${stateFolder}: ${refusal}`);
    const elsewhere = await overlayElsewhere(request, refusals);
    if (elsewhere !== undefined) return elsewhere;
  }
  for (const name of ["fuse-overlayfs", "copy"] as const) {
    if (asked !== undefined && asked !== name) continue;
    const storageFolder = join(stateFolder, name);
    const refusal = await probeDriver(drivers[name], storageFolder);
    if (refusal === undefined) {
      const why = asked === undefined ? refusals.join("; ") : askedFor;
      return { driver: drivers[name], why, storageFolder, release: async () => {} };
    }
    refusals.push(`${name}: ${refusal}`);
  }
  throw new RuncibleError("capability-missing", `choose how roots are made: none works; ${refusals.join("; ")}`);
}

const askedFor = "RUNCIBLE_ROOTFS asks for it";

const noSpace = /no space left on device|disk quota exceeded/i;

async function overlayElsewhere(
  { stateFolder, engineId, scratchMounts }: ChoiceRequest,
  refusals: string[],
): Promise<RootfsChoice | undefined> {
  for (const { path, type } of scratchMounts ?? (await findScratchMounts(stateFolder))) {
    let folder: ScratchFolder;
    try {
      folder = await claimScratchFolder({ parent: path, engineId, stateFolder });
    } catch {
      // Somebody else's, or not for writing: no place for us.
      continue;
    }
    const refusal = await probeDriver(overlayDriver, folder.path).catch(async (error: unknown) => {
      if (!hasCode(error, "timeout")) return messageOf(error);
      await folder.giveUp();
      throw error;
    });
    // Full of what is in use already: it can be removed only from there.
    if (refusal === undefined || (!folder.isNew && noSpace.test(refusal))) {
      const why = `${refusals.join("; ")}; ${path} is ${type}`;
      return { driver: overlayDriver, why, storageFolder: folder.path, release: folder.release };
    }
    refusals.push(`overlay on ${path}: ${refusal}`);
    await folder.giveUp();
  }
  return undefined;
}
