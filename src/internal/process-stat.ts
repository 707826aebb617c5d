import { readFile } from "node:fs/promises";

/** The fields of proc_pid_stat(5) from the third, the state, on; of a process that is gone there are none. */
export async function statFieldsOf(pid: number): Promise<readonly string[]> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  // The name before may hold anything, also blanks and brackets.
  return text === "" ? [] : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

/** The state of a process: `R`, `S`, `D`, …; undefined once it has ended, waited for or not. */
export async function livingStateOf(pid: number): Promise<string | undefined> {
  const [state] = await statFieldsOf(pid);
  return state === "Z" || state === "X" ? undefined : state;
}
