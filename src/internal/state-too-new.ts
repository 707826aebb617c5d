import { RuncibleError } from "./errors";

/** Nothing has been touched yet. */
export function stateTooNew(): RuncibleError {
  return new RuncibleError(
    "state-too-new",
    "read state folder: a newer version of runcible wrote it; use that version, or another RUNCIBLE_STATE_DIR",
  );
}
