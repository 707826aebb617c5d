import { join } from "node:path";
import { RuncibleError } from "../../internal/errors";
import type { SharedMemoryRequest } from "../../runtime/container";
import type { Mount } from "../../runtime/mount";
import type { Container } from "./container";
import type { ContainerContext } from "./context";

const target = "/dev/shm";
const defaultBytes = 64 * 1024 * 1024;

export interface SharedMemory {
  /** In place of the container's own. */
  readonly mounts: readonly Mount[];
  /** To be made for the run, because others may join. */
  readonly made?: SharedMemoryRequest;
}

/**
 * What containers that share an IPC namespace have at /dev/shm: one and the same file system, which is the engine's,
 * as none can be bound from one container into another. Throws `container-not-found`, and `container-state` for a
 * container that nobody may join.
 */
export function sharedMemoryOf(context: ContainerContext, { folder, record }: Container): SharedMemory {
  const { ipcMode = "private", resources } = record.spec;
  const isShareable = ipcMode === "shareable";
  const source = isShareable ? folderIn(folder) : donatedFolder(context, ipcMode);
  // What a user mounts there is what the container has.
  const isHidden = record.mounts.some((mount) => mount.target === target);
  return {
    mounts: source === undefined || isHidden ? [] : [bound(source)],
    ...(isShareable ? { made: { folder: folderIn(folder), sizeBytes: resources.shmSizeBytes ?? defaultBytes } } : {}),
  };
}

/** Of the container that the mode names, or of the one which that has joined. Undefined: the mode names none. */
function donatedFolder(context: ContainerContext, ipcMode: string): string | undefined {
  const [, ref] = /^container:(.*)$/.exec(ipcMode) ?? [];
  if (ref === undefined) return undefined;
  const donor = context.index.find(
    ref,
    (missing) => new RuncibleError("container-not-found", `No such container: ${missing}`),
  );
  const mode = donor.record.spec.ipcMode ?? "private";
  if (mode === "shareable") return folderIn(donor.folder);
  if (mode === "host") return target;
  if (mode.startsWith("container:")) return donatedFolder(context, mode);
  throw new RuncibleError(
    "container-state",
    `cannot join IPC of a container ${donor.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`,
  );
}

function folderIn(containerFolder: string): string {
  return join(containerFolder, "shm");
}

function bound(source: string): Mount {
  return { type: "bind", source, target, options: ["bind", "nosuid", "noexec", "nodev"] };
}
