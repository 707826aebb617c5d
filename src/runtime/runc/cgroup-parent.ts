import { access, mkdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../internal/exec";
import { performUnchecked } from "../../internal/perform";
import { ownUserNamespace } from "../../internal/user-namespace";
import { cgroupFacts, cgroupFolders } from "./cgroup-files";

/**
 * Where the cgroups of an engine's containers belong. Root's are at the top; an ordinary user's in the cgroup that was
 * delegated to it. Undefined when there is none, as in a container that may not write there: containers then run
 * without limits.
 */
export async function findCgroupParent(engineId: string, delegated: string | undefined): Promise<string | undefined> {
  const name = `runcible-${engineId}`;
  if (ownUserNamespace().isInitial) return (await canMakeEverywhere(name)) ? `/${name}` : undefined;
  if (delegated === undefined) return undefined;
  const { unified } = await cgroupFacts();
  const parent = join(unified, delegated, name);
  return (await canLimitBelow(parent)) ? join(delegated, name) : undefined;
}

/**
 * A container's hierarchies are mounted read-only, and show its own cgroup as the root. Who may mount may change that,
 * in the engine's own mount namespace; on version 2 that root has processes, and then gives its children no
 * controllers.
 */
async function canMakeEverywhere(name: string): Promise<boolean> {
  const facts = await cgroupFacts();
  if (await canMake(cgroupFolders(facts, `/${name}`))) return true;
  for (const mount of cgroupFolders(facts, "/")) {
    await performUnchecked("mount", ["-o", "remount,bind,rw", mount.replace(/(.)\/$/, "$1")]);
  }
  if (facts.version === 2) return await canLimitBelow(join(facts.unified, name));
  return await canMake(cgroupFolders(facts, `/${name}`));
}

async function canMake(folders: readonly string[]): Promise<boolean> {
  try {
    for (const folder of folders) await mkdir(folder, { recursive: true });
    return true;
  } catch {
    return false;
  } finally {
    for (const folder of folders) await rmdir(folder).catch(() => {});
  }
}

/** Does what runc will do. What is not allowed here would fail every start of a container. */
async function canLimitBelow(parent: string): Promise<boolean> {
  const probe = join(parent, "probe");
  try {
    await mkdir(probe, { recursive: true });
    for (const controller of ["cpu", "memory", "pids"]) {
      await writeFile(join(parent, "cgroup.subtree_control"), `+${controller}`).catch(() => {});
    }
    await Promise.all(["memory.max", "pids.max"].map((file) => access(join(probe, file))));
    await run("sh", ["-c", 'echo $$ > "$1"', "sh", join(probe, "cgroup.procs")]);
    return true;
  } catch {
    return false;
  } finally {
    for (const folder of [probe, parent]) await rmdir(folder).catch(() => {});
  }
}
