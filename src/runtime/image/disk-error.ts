import { hasCode } from "../../internal/errors";
import { diskFull } from "../../internal/system-error";

/** What a failed write means: `disk-full` for a full disk or quota, else the cause itself. */
export function diskError(step: string, cause: unknown): unknown {
  return hasCode(cause, "ENOSPC") || hasCode(cause, "EDQUOT") ? diskFull(step, cause) : cause;
}
