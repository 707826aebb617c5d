import { readFile, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type MountInfo, parseMountInfo } from "./mount-info";

/** A mounted folder that goes with the container this process is in, or with its volume. */
export interface ScratchMount {
  readonly path: string;
  /** As in mountinfo: `tmpfs`, `ext4`. */
  readonly type: string;
}

/** In a state folder; says where its images, layers and containers are. */
export const storageFolderFile = "storage-folder";

/** File systems that an overlay can write to. */
const diskTypes: ReadonlySet<string> = new Set(["ext4", "xfs", "btrfs", "f2fs", "bcachefs"]);
/**
 * Where Docker, Podman, this package and Kubernetes keep volumes. Folders of the host that somebody chose to share, a
 * checkout for one, do not look like it, and must not be filled with images.
 */
const volumeRoot = /\/volumes\/[^/]+\/(_data|data)$|\/volumes\/kubernetes\.io~empty-dir\/[^/]+$/;
/** Small by custom, or not for files. */
const notForFiles = /^\/(dev|proc|sys|run\/secrets|var\/run\/secrets)(\/|$)/;
const leastFreeBytes = 1_000_000_000;

/**
 * Volumes and tmpfs mounts with room for images, volumes first; before them the one that has those of this state
 * folder.
 */
export async function findScratchMounts(stateFolder: string): Promise<readonly ScratchMount[]> {
  const mounts = scratchMountsIn(parseMountInfo(await readFile("/proc/self/mountinfo", "utf8")));
  const withRoom = await Promise.all(mounts.map(async (mount) => ((await hasRoom(mount.path)) ? [mount] : [])));
  const storageFolder = await readFile(join(stateFolder, storageFolderFile), "utf8").catch(() => undefined);
  return usedFirst({ mounts, withRoom: withRoom.flat(), storageFolder });
}

/** The one in use needs no room: images of ours may be what fills it. Pure. */
export function usedFirst(request: {
  readonly mounts: readonly ScratchMount[];
  readonly withRoom: readonly ScratchMount[];
  readonly storageFolder: string | undefined;
}): readonly ScratchMount[] {
  const { mounts, withRoom, storageFolder } = request;
  const isUsed = ({ path }: ScratchMount): boolean => storageFolder !== undefined && dirname(storageFolder) === path;
  return [...mounts.filter(isUsed), ...withRoom.filter((mount) => !isUsed(mount))];
}

/** Pure. */
export function scratchMountsIn(mounts: readonly MountInfo[]): readonly ScratchMount[] {
  const isWritable = ({ options, superOptions }: MountInfo): boolean =>
    options.includes("rw") && superOptions.includes("rw");
  // What is mounted last is what one sees.
  const seen = mounts.filter(({ target }, index) => mounts.findLastIndex((other) => other.target === target) === index);
  const usable = seen.filter((mount) => isWritable(mount) && !notForFiles.test(mount.target));
  const volumes = usable.filter(({ type, root }) => diskTypes.has(type) && volumeRoot.test(root));
  const memory = usable.filter(({ type, root }) => type === "tmpfs" && root === "/");
  return [...volumes, ...memory].map(({ target, type }) => ({ path: target, type }));
}

async function hasRoom(path: string): Promise<boolean> {
  const facts = await statfs(path).catch(() => undefined);
  return facts !== undefined && facts.bavail * facts.bsize >= leastFreeBytes;
}
