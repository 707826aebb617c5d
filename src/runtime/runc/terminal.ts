import { readFile, readlink } from "node:fs/promises";
import { hasCode } from "../../internal/errors";
import { run } from "../../internal/exec";
import { shellQuote } from "../../internal/shell-quote";
import type { TerminalSize } from "./launch";

/**
 * Node cannot make a pseudo terminal; `script` of util-linux can, and is on every Linux. runc in the foreground copies
 * between that terminal and the container's.
 */
export function terminalCommand(command: readonly string[], { rows, columns }: TerminalSize): readonly string[] {
  const line = command.map(shellQuote).join(" ");
  const script = `stty rows ${rows} cols ${columns} 2>/dev/null; exec ${line}`;
  return ["script", "--quiet", "--return", "--flush", "--echo", "never", "--command", script, "/dev/null"];
}

/** The kernel tells runc of the new size (SIGWINCH), and runc the container. False: the terminal has gone. */
export async function resizeTerminal(scriptPid: number, { rows, columns }: TerminalSize): Promise<boolean> {
  const device = await deviceOf(scriptPid);
  if (device === undefined) return false;
  try {
    await run("stty", ["-F", device, "rows", String(rows), "cols", String(columns)]);
    return true;
  } catch (error) {
    if ((await deviceOf(scriptPid)) === undefined) return false;
    throw error;
  }
}

/** What `script` made the terminal of its child; undefined: the child or `script` has ended. */
async function deviceOf(scriptPid: number): Promise<string | undefined> {
  try {
    const children = await readFile(`/proc/${scriptPid}/task/${scriptPid}/children`, "utf8");
    const [child = ""] = children.trim().split(" ");
    return child === "" ? undefined : await readlink(`/proc/${child}/fd/0`);
  } catch (error) {
    // ESRCH: it ended while it was looked at.
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH")) return undefined;
    throw error;
  }
}
