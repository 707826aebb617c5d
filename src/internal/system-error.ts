import { hasCode, messageOf, RuncibleError } from "./errors";

/** What the kernel says when something is used up, and what that is. */
const exhausted: Readonly<Record<"EMFILE" | "ENFILE" | "EAGAIN" | "ENOMEM", string>> = {
  EMFILE: "the engine has as many files open as it may; raise its limit (ulimit -n), or use fewer containers at once",
  ENFILE: "the machine has as many files open as it may; raise the sysctl fs.file-max",
  EAGAIN:
    "no more processes are allowed; raise the limit (ulimit -u, the sysctl kernel.pid_max, pids.max of the cgroup)",
  ENOMEM: "the machine has no memory left",
};

/**
 * Gives errors of the kernel that are about the machine and not about us a code: `disk-full`, `resources-exhausted`.
 * Whatever else it is comes back as it is.
 */
export function explainSystemError(step: string, cause: unknown): unknown {
  if (hasCode(cause, "ENOSPC") || hasCode(cause, "EDQUOT")) return diskFull(step, cause);
  for (const code of ["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"] as const) {
    if (!hasCode(cause, code)) continue;
    return new RuncibleError("resources-exhausted", `${step}: ${messageOf(cause)}: ${exhausted[code]}`, { cause });
  }
  return cause;
}

/** Whether something failed only because files, processes or memory were used up: later it may succeed. */
export function isExhaustion(error: unknown): boolean {
  if (hasCode(error, "resources-exhausted")) return true;
  return (["EMFILE", "ENFILE", "EAGAIN", "ENOMEM"] as const).some((code) => hasCode(error, code));
}

/** `disk-full`. */
export function diskFull(step: string, cause?: unknown): RuncibleError {
  return new RuncibleError(
    "disk-full",
    `${step}: no space left on device; free some, or set RUNCIBLE_STATE_DIR to another disk`,
    { cause },
  );
}
