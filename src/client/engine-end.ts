import { join } from "node:path";
import { RuncibleError } from "../internal/errors";
import { runUnchecked } from "../internal/exec";
import { engineLockedExitCode } from "./supervisor-script";

/** An engine that was told to leave gives its containers ten seconds. */
export const endLimitSeconds = 30;

/**
 * Resolves when no process of a state folder's engine is left: until then every one of them has the kernel lock. Throws
 * `timeout`.
 */
export async function awaitEngineEnd(stateFolder: string): Promise<void> {
  const lock = ["-w", String(endLimitSeconds), "-E", String(engineLockedExitCode), join(stateFolder, "engine.lock")];
  const { exitCode } = await runUnchecked("flock", [...lock, "true"]);
  if (exitCode !== engineLockedExitCode) return;
  throw new RuncibleError(
    "timeout",
    `stop engine: it was told to end, but still runs after ${endLimitSeconds} s; ${join(stateFolder, "engine.log")} says more`,
  );
}
