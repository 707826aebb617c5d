import { access, mkdir, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../internal/exec";
import { ownUserNamespace } from "../../internal/user-namespace";
import { cgroupFacts } from "./cgroup-files";

/**
 * Where the cgroups of an engine's containers belong. Root's are at the top; an ordinary user's in the cgroup that was
 * delegated to it. Undefined when there is none: containers then run without limits.
 */
export async function findCgroupParent(engineId: string, delegated: string | undefined): Promise<string | undefined> {
  const name = `runcible-${engineId}`;
  if (ownUserNamespace().isInitial) return `/${name}`;
  if (delegated === undefined) return undefined;
  const { unified } = await cgroupFacts();
  const parent = join(unified, delegated, name);
  return (await canLimitBelow(parent)) ? join(delegated, name) : undefined;
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
