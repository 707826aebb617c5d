import { close, constants, openSync, readFileSync, write } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { type CgroupFacts, cgroupFacts } from "./cgroup-files";

const [writeTo, closeFile] = [promisify(write), promisify(close)];

/** The kernel needs as long until it forgets the last move, at the least. */
const pauseMs = 6;
/** A runc that takes longer has other troubles. */
const longestHoldMs = 1_000;

let holders = 0;
let last: Promise<void> = Promise.resolve();

/**
 * Until the returned function is called, a process moves into a cgroup in no time. A move stops all forks and ends of
 * the machine for a moment, and the first one must wait for a grace period of RCU before, 5 to 20 ms in which a start
 * stands still; one that follows another need not (percpu_rw_semaphore). So this process moves to where it is already,
 * again and again, from a time when runc has not got that far. Does nothing where it may not.
 */
export function holdMovesQuick(): () => void {
  holders += 1;
  if (holders === 1) last = last.then(keepMoving).catch(() => {});
  let isHeld = true;
  const release = (): void => {
    clearTimeout(timer);
    if (isHeld) holders -= 1;
    isHeld = false;
  };
  const timer = setTimeout(release, longestHoldMs).unref();
  return release;
}

async function keepMoving(): Promise<void> {
  const file = openOwnGroup(await cgroupFacts());
  if (file === undefined) return;
  try {
    while (holders > 0) {
      await writeTo(file, "0");
      await delay(pauseMs);
    }
  } finally {
    await closeFile(file);
  }
}

/** Of whichever hierarchy lets this process in: all of them take the same lock. */
function openOwnGroup(facts: CgroupFacts): number | undefined {
  for (const folder of ownFolders(facts, readFileSync("/proc/self/cgroup", "utf8"))) {
    const path = join(folder, "cgroup.procs");
    try {
      // What is mounted need not begin where the namespace says it does: never into a cgroup where this process is not.
      const isOwn = readFileSync(path, "utf8").split("\n").includes(String(process.pid));
      if (isOwn) return openSync(path, constants.O_WRONLY);
    } catch {
      // Not ours to write, or not in this container's view.
    }
  }
  return undefined;
}

/** The text is that of /proc/self/cgroup: cgroups(7). */
export function ownFolders(facts: Pick<CgroupFacts, "unified" | "hierarchies">, text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const [, id, controllers = "", path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    const mount = id === "0" ? facts.unified : facts.hierarchies.get(controllers.split(",")[0] ?? "");
    return mount === undefined ? [] : [join(mount, path)];
  });
}
