import { readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../internal/errors";
import { parseMountInfo } from "../../internal/mount-info";

/** Where the hierarchies of cgroup v1, or the one of v2, are mounted. */
export interface CgroupFacts {
  readonly version: 1 | 2;
  /**
   * v1: controller to mount point, `memory` → `/sys/fs/cgroup/memory`; named hierarchies as `name=systemd`. v2: empty.
   */
  readonly hierarchies: ReadonlyMap<string, string>;
  /** v2: its mount point. */
  readonly unified: string;
  readonly controllers: readonly string[];
}

let known: Promise<CgroupFacts> | undefined;

/** Read once: mounts of cgroup hierarchies do not change under a running system. */
export function cgroupFacts(): Promise<CgroupFacts> {
  known ??= readFacts();
  return known;
}

async function readFacts(): Promise<CgroupFacts> {
  const mounts = parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
  const hierarchies = new Map<string, string>();
  for (const { type, target, superOptions } of mounts) {
    if (type !== "cgroup") continue;
    for (const option of superOptions) {
      if (!["rw", "ro", "xattr", "noprefix", "clone_children"].includes(option)) hierarchies.set(option, target);
    }
  }
  const unified = mounts.find(({ type }) => type === "cgroup2")?.target ?? "/sys/fs/cgroup";
  if (hierarchies.size > 0) return { version: 1, hierarchies, unified, controllers: [...hierarchies.keys()] };
  const controllers = (await readOr(join(unified, "cgroup.controllers"), "")).trim().split(/\s+/);
  return { version: 2, hierarchies, unified, controllers };
}

/** Every folder of one cgroup, one per hierarchy (several controllers may share one). */
export function cgroupFolders(facts: CgroupFacts, path: string): readonly string[] {
  if (facts.version === 2) return [join(facts.unified, path)];
  return [...new Set([...facts.hierarchies.values(), facts.unified])].map((mount) => join(mount, path));
}

/** Where a controller's files of a cgroup are. */
export function controllerFolder(facts: CgroupFacts, path: string, controller: string): string {
  if (facts.version === 2) return join(facts.unified, path);
  return join(facts.hierarchies.get(controller) ?? facts.unified, path);
}

/** A cgroup and the ones below it, which a container that runs containers makes. */
export async function nestedFolders(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true }).catch(() => []);
  return [
    folder,
    ...entries.filter((entry) => entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name)),
  ];
}

/** Removes a cgroup and the ones below it; processes must be gone. Idempotent. */
export async function removeCgroupFolder(folder: string): Promise<void> {
  try {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) await removeCgroupFolder(join(folder, entry.name));
    }
    await rmdir(folder);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

export async function readOr(path: string, fallback: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch {
    return fallback;
  }
}
