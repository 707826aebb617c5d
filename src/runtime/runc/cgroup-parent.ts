import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
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
  const path = join(delegated, name);
  try {
    await mkdir(join(unified, path), { recursive: true });
    await rmdir(join(unified, path));
    return path;
  } catch {
    // It is not ours after all.
    return undefined;
  }
}
