import { readdir, readFile } from "node:fs/promises";
import { findVictim } from "../killed/victims";

/** The engine's own process, as this machine counts. */
export async function enginePid(stateFolder: string): Promise<number> {
  const pid = await findVictim("engine", stateFolder, () => 0);
  if (pid === undefined) throw new TypeError("no engine runs");
  return pid;
}

export async function openFiles(pid: number): Promise<number> {
  return (await readdir(`/proc/${pid}/fd`)).length;
}

/**
 * Bytes of memory that are its own and in use: shared ones, such as Node's program, come and go with the page cache.
 */
export async function memoryOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/^RssAnon:\s+(\d+) kB$/m.exec(text)?.[1]) * 1024;
}
