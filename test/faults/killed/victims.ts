import { readFile } from "node:fs/promises";
import { hasCode } from "../../../src/internal/errors";
import { processesOf } from "../../support/leaks/processes";
import { waitUntil } from "../../support/wait-until";

/** Whom a SIGKILL may meet. */
export type Victim = "test process" | "launcher" | "engine" | "agent" | "runc" | "tar";

/** By the command line. A launcher is whatever stands between the test process and the engine. */
const patterns: Readonly<Record<Exclude<Victim, "test process" | "runc" | "tar">, RegExp>> = {
  launcher: /\) (flock |\/bin\/sh -c |unshare )/,
  engine: /\) \S*node .*engine\/main\.js$/,
  agent: /\) \S*node .*agent-main\.js/,
};

/** One of the processes of this kind, undefined when there is none. `pick` chooses. */
export async function findVictim(
  victim: Exclude<Victim, "test process">,
  stateFolder: string,
  pick: (count: number) => number,
): Promise<number | undefined> {
  if (victim === "runc" || victim === "tar") return await shortLived(victim, stateFolder, pick);
  const found = (await processesOf(stateFolder)).filter(({ key }) => patterns[victim].test(key));
  return found[pick(Math.max(1, found.length))]?.pid;
}

/** Whether somebody is there to remove the control groups of an engine that is killed. */
export async function hasSupervisor(stateFolder: string): Promise<boolean> {
  return (await processesOf(stateFolder)).some(({ key }) => /\) \/bin\/sh -c \s*enter\(\)/.test(key));
}

const patienceMs = 1_500;

/** It lives for milliseconds, and all processes of a machine take longer to look at: those of the engine are. */
async function shortLived(
  name: "runc" | "tar",
  stateFolder: string,
  pick: (count: number) => number,
): Promise<number | undefined> {
  const engine = await findVictim("engine", stateFolder, () => 0);
  let pid: number | undefined;
  await waitUntil(async () => {
    const found = engine === undefined ? [] : await namedBelow(engine, name);
    pid = found[pick(Math.max(1, found.length))];
    return pid !== undefined;
  }, patienceMs);
  return pid;
}

/** Children and theirs: runc's own first stages are children of runc. */
async function namedBelow(parent: number, name: string): Promise<readonly number[]> {
  const text = await readFile(`/proc/${parent}/task/${parent}/children`, "utf8").catch(() => "");
  const children = text.trim().split(/\s+/).filter(Boolean).map(Number);
  const lists = await Promise.all(
    children.map(async (pid) => {
      const isOne = (await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "")).startsWith(name);
      return [...(isOne ? [pid] : []), ...(await namedBelow(pid, name))];
    }),
  );
  return lists.flat();
}

/** Some end with those that were killed before them. */
export function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}
