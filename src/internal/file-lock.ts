import { setTimeout as delay } from "node:timers/promises";
import { hasCode, RuncibleError } from "./errors";

export interface FileLockOptions {
  /** How long to wait for another process. */
  readonly timeoutMs: number;
}

/** A process that is gone no longer renews its lock. */
const staleMs = 10_000;
const firstPauseMs = 5;
const longestPauseMs = 100;

/**
 * One process at a time, among all that name the same path; the lock of one that was killed is taken over after 10
 * seconds. What lies at the path does not matter, the lock is a folder beside it, `.lock` added to its name. Throws
 * `timeout`.
 */
export async function withFileLock<T>(path: string, options: FileLockOptions, task: () => Promise<T>): Promise<T> {
  const release = await acquire(path, options);
  try {
    return await task();
  } finally {
    await release().catch(() => {});
  }
}

async function acquire(path: string, { timeoutMs }: FileLockOptions): Promise<() => Promise<void>> {
  // Loaded when something is locked: importing this package has to be quick.
  const { lock } = require("proper-lockfile") as typeof import("proper-lockfile");
  const deadline = Date.now() + timeoutMs;
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      return await lock(path, { realpath: false, stale: staleMs, onCompromised: () => {} });
    } catch (error) {
      if (!hasCode(error, "ELOCKED")) throw error;
      if (Date.now() < deadline) await delay(pauseMs);
      else throw timedOut(path, timeoutMs, error);
    }
  }
}

function timedOut(path: string, timeoutMs: number, cause: unknown): RuncibleError {
  const advice = `end the process that holds it, or remove the folder ${path}.lock if there is none`;
  return new RuncibleError("timeout", `lock ${path}: another process held it for ${timeoutMs} ms; ${advice}`, {
    cause,
  });
}
