import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hasCode, RuncibleError } from "../../internal/errors";
import { killIfThere } from "../../internal/kill-if-there";
import {
  type CgroupFacts,
  cgroupFacts,
  cgroupFolders,
  controllerFolder,
  nestedFolders,
  readOr,
  removeCgroupFolder,
} from "./cgroup-files";
import { sampleCgroup } from "./cgroup-sample";
import type { ProcessGroup } from "./process-group";

export { type CgroupFacts, cgroupFacts as detectCgroups } from "./cgroup-files";

const killAttempts = 50;

/**
 * The cgroup of one container, on version 1 and 2. `path` is below the root of each hierarchy:
 * `/runcible-1f2e3d4c/<container id>`.
 */
export function openCgroup(path: string): ProcessGroup {
  return {
    wasOutOfMemory: () => wasOutOfMemory(path),
    sample: () => sampleCgroup(path),
    processes: () => processesOf(path),
    remove: () => removeCgroup(path),
  };
}

async function wasOutOfMemory(path: string): Promise<boolean> {
  const facts = await cgroupFacts();
  const file = facts.version === 2 ? "memory.events" : "memory.oom_control";
  const text = await readOr(join(controllerFolder(facts, path, "memory"), file), "");
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
}

async function processesOf(path: string): Promise<readonly number[]> {
  const facts = await cgroupFacts();
  const folders = await nestedFolders(controllerFolder(facts, path, "pids"));
  const texts = await Promise.all(folders.map((folder) => readOr(join(folder, "cgroup.procs"), "")));
  return texts.flatMap((text) =>
    text
      .split("\n")
      .filter((line) => line !== "")
      .map(Number),
  );
}

/**
 * Removes a cgroup and those below it. The kernel keeps one busy for a moment after its last process has died, so a
 * refusal is tried again. With the host's pid namespace processes may even outlive the first one: those are killed.
 * Throws `timeout`.
 */
export async function removeCgroup(path: string): Promise<void> {
  const facts = await cgroupFacts();
  for (let attempt = 0; attempt < killAttempts; attempt++) {
    try {
      for (const folder of cgroupFolders(facts, path)) await removeCgroupFolder(folder);
      return;
    } catch (error) {
      if (!hasCode(error, "EBUSY") && !hasCode(error, "ENOTEMPTY")) throw error;
    }
    // 0 stands for one that is in another pid namespace, and would be our own process group.
    for (const pid of await processesOf(path)) if (pid > 0) killIfThere(pid, "SIGKILL");
    await thaw(facts, path);
    await delay(Math.min(2 ** attempt, 100));
  }
  throw new RuncibleError("timeout", `remove cgroup ${path}: its processes do not end`);
}

/** On version 1 what is frozen does not die, not even of a SIGKILL that it has got already. */
async function thaw(facts: CgroupFacts, path: string): Promise<void> {
  if (facts.version === 2) return;
  for (const folder of await nestedFolders(controllerFolder(facts, path, "freezer"))) {
    await writeFile(join(folder, "freezer.state"), "THAWED").catch(() => {});
  }
}
