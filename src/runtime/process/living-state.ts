import { readFile } from "node:fs/promises";

/**
 * The state of a process as proc_pid_stat(5) has it: `R`, `S`, `D`, …; undefined once it has ended, waited for or not.
 */
export async function livingStateOf(pid: number): Promise<string | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name before may hold anything, also blanks and brackets.
  const state = text.slice(text.lastIndexOf(")") + 2)[0];
  return state === "Z" || state === "X" ? undefined : state;
}
