import { hasCode, RuncibleError } from "../../internal/errors";

/** What a failed write means: `disk-full` for a full disk or quota, else the cause itself. */
export function diskError(step: string, cause: unknown): unknown {
  if (!hasCode(cause, "ENOSPC") && !hasCode(cause, "EDQUOT")) return cause;
  return new RuncibleError(
    "disk-full",
    `${step}: no space left on device; free some, or set RUNCIBLE_STATE_DIR to another disk`,
    { cause },
  );
}
