import { readFile, readlink } from "node:fs/promises";
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

/** The kernel tells runc of the new size (SIGWINCH), and runc the container. */
export async function resizeTerminal(scriptPid: number, { rows, columns }: TerminalSize): Promise<void> {
  const children = await readFile(`/proc/${scriptPid}/task/${scriptPid}/children`, "utf8");
  const [child] = children.trim().split(" ");
  if (child === undefined || child === "") return;
  const device = await readlink(`/proc/${child}/fd/0`);
  await run("stty", ["-F", device, "rows", String(rows), "cols", String(columns)]);
}
