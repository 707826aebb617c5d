import { hasCode } from "./errors";
import { commandFailed, type RunResult, runUnchecked } from "./exec";
import { startToolShell, type ToolShell, type ToolShellOptions } from "./tool-shell";

let shell: ToolShell | undefined;
let isByShell = false;

/**
 * From now on `perform` goes through a resident shell. A process of a hundred megabytes takes several milliseconds to
 * fork, during which it does nothing else; the shell takes a fraction of one. Returns what ends it.
 */
export function performByShell(): () => void {
  isByShell = true;
  return () => {
    isByShell = false;
    shell?.close();
    shell = undefined;
  };
}

/** Runs a program for its effect. Throws `command-failed` with its evidence unless it exits 0, `tool-missing`. */
export async function perform(command: string, args: readonly string[], options: ToolShellOptions = {}): Promise<void> {
  const result = await performUnchecked(command, args, options);
  if (result.exitCode !== 0) throw commandFailed(command, args, result);
}

/**
 * As `perform`, but an exit code other than 0 is a result, not an error. Through the shell all it printed is in
 * `stderr`.
 */
export async function performUnchecked(
  command: string,
  args: readonly string[],
  options: ToolShellOptions = {},
): Promise<RunResult> {
  const { exitCode, output } = await byShell(command, args, options);
  if (exitCode !== undefined && exitCode !== notFound) return { exitCode, stdout: "", stderr: output };
  return await runUnchecked(command, args, options);
}

/** As a shell tells it; run directly, the program's absence becomes the error it is. */
const notFound = 127;

/**
 * No exit code: there is no shell, or it has just ended; without it things go slower, but on. The next one gets a new
 * one.
 */
async function byShell(
  command: string,
  args: readonly string[],
  options: ToolShellOptions,
): Promise<{ readonly exitCode?: number; readonly output: string }> {
  try {
    if (isByShell) shell ??= startToolShell();
    return (await shell?.run(command, args, options)) ?? { output: "" };
  } catch (error) {
    if (!hasCode(error, "command-failed")) throw error;
    shell = undefined;
    return { output: "" };
  }
}
