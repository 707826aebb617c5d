import { join } from "node:path";
import { RuncibleError } from "../internal/errors";
import { runUnchecked } from "../internal/exec";
import { engineLockedExitCode } from "./supervisor-script";

/** An engine that was told to leave gives its containers ten seconds, and a slow machine takes its time over each. */
const endLimitSeconds = 300;
const leaveSeconds = 30;

/** For `flock`, before the command that needs the engine gone: it waits for one that is just leaving. */
export function engineLockArgs(stateFolder: string): readonly string[] {
  return lockArgs(stateFolder, leaveSeconds);
}

function lockArgs(stateFolder: string, seconds: number): readonly string[] {
  return ["-w", String(seconds), "-E", String(engineLockedExitCode), join(stateFolder, "engine.lock")];
}

/**
 * Resolves when no process of a state folder's engine is left, after it was told to end: until then every one of them
 * has the kernel lock. Throws `timeout` after five minutes.
 */
export async function awaitEngineEnd(stateFolder: string): Promise<void> {
  const { exitCode } = await runUnchecked("flock", [...lockArgs(stateFolder, endLimitSeconds), "true"], {
    timeoutMs: 2 * endLimitSeconds * 1_000,
  });
  if (exitCode !== engineLockedExitCode) return;
  throw new RuncibleError(
    "timeout",
    `stop engine: it was told to end, but still runs after ${endLimitSeconds} s; ${join(stateFolder, "engine.log")} says more`,
  );
}
