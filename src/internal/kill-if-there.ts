import { hasCode } from "./errors";

/** Sends a signal to a process; one that is gone already is no error. */
export function killIfThere(pid: number, signal: NodeJS.Signals | number): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!hasCode(error, "ESRCH")) throw error;
  }
}
