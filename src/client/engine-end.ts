import { join } from "node:path";
import { RuncibleError } from "../internal/errors";
import { runUnchecked } from "../internal/exec";
import { engineLockedExitCode } from "./supervisor-script";

/** An engine that was told to leave gives its containers ten seconds. */
const endLimitSeconds = 30;

/** For `flock`, before the command that needs the engine gone: it waits as long as an engine may take to leave. */
export function engineLockArgs(stateFolder: string): readonly string[] {
  return ["-w", String(endLimitSeconds), "-E", String(engineLockedExitCode), join(stateFolder, "engine.lock")];
}

/**
 * Resolves when no process of a state folder's engine is left: until then every one of them has the kernel lock. Throws
 * `timeout`.
 */
export async function awaitEngineEnd(stateFolder: string): Promise<void> {
  const { exitCode } = await runUnchecked("flock", [...engineLockArgs(stateFolder), "true"]);
  if (exitCode !== engineLockedExitCode) return;
  throw new RuncibleError(
    "timeout",
    `stop engine: it was told to end, but still runs after ${endLimitSeconds} s; ${join(stateFolder, "engine.log")} says more`,
  );
}
