import { lstat, readdir, readFile, realpath, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../internal/errors";
import { type MountInfo, parseMountInfo } from "../../internal/mount-info";

/** The state folder that a scratch folder belongs to. */
interface Owner {
  readonly path: string;
  /** As in mountinfo: tells containers apart, whose state folders have the same paths. Absent: not on an overlay. */
  readonly upper?: string;
}

const fileName = "state-folder";
/** An engine that ended after idling comes back: its images are worth keeping while its container may be there. */
const unusedMs = 7 * 24 * 60 * 60 * 1000;

/** Notes whose a scratch folder is, for `isOwnerGone`. */
export async function writeOwner(folder: string, stateFolder: string): Promise<void> {
  const path = await realpath(stateFolder);
  const upper = upperOf(await ownMounts(), path);
  const owner: Owner = { path, ...(upper === undefined ? {} : { upper }) };
  const known = await readOwner(folder);
  // A full disk takes no write, and it may be full of this very engine's images.
  if (known?.path === path && known.upper === upper) await touchOwner(folder);
  else await writeFile(join(folder, fileName), JSON.stringify(owner), { mode: 0o600 });
}

/** Its time counts as unused from now on. */
export async function touchOwner(folder: string): Promise<void> {
  const now = new Date();
  await utimes(join(folder, fileName), now, now).catch((error: unknown) => {
    if (!hasCode(error, "ENOENT")) throw error;
  });
}

/**
 * Whether the state folder was removed, as far as it can be seen from here: that of another container cannot, nor
 * whether there still is one. Then it counts as gone once nobody has used the scratch folder for a week.
 */
export async function isOwnerGone(folder: string): Promise<boolean> {
  const owner = await readOwner(folder);
  const isVisible = owner?.upper !== undefined && upperOf(await ownMounts(), owner.path) === owner.upper;
  if (isVisible) return !(await isThere(owner.path));
  return Date.now() - (await lastUsedMs(folder)) > unusedMs;
}

/** Undefined: none was noted, or not in full. */
async function readOwner(folder: string): Promise<Owner | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(join(folder, fileName), "utf8"));
    if (typeof value !== "object" || value === null || !("path" in value)) return undefined;
    const { path } = value;
    const upper = "upper" in value ? value.upper : undefined;
    if (typeof path !== "string") return undefined;
    return { path, ...(typeof upper === "string" ? { upper } : {}) };
  } catch {
    return undefined;
  }
}

async function ownMounts(): Promise<readonly MountInfo[]> {
  return parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
}

/** The upper folder, on the host, of the overlay that a path without links lies on. Pure. */
export function upperOf(mounts: readonly MountInfo[], path: string): string | undefined {
  const holds = ({ target }: MountInfo): boolean => path === target || path.startsWith(join(target, "/"));
  const depth = Math.max(...mounts.filter(holds).map(({ target }) => target.length));
  const mount = mounts.findLast((each) => holds(each) && each.target.length === depth);
  return mount?.type === "overlay" ? mount.superOptions.find((option) => option.startsWith("upperdir=")) : undefined;
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    return !hasCode(error, "ENOENT");
  }
}

/** Pulling an image or making a container writes to a folder in it. */
async function lastUsedMs(folder: string): Promise<number> {
  const paths = [folder, ...(await readdir(folder)).map((name) => join(folder, name))];
  const times = await Promise.all(
    paths.map((path) =>
      lstat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Math.max(...times);
}
