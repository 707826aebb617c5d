import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../../internal/errors";
import type { Logger } from "../../../internal/log";

/** A program on which the way out depends. */
export interface RunningPart {
  /** Resolves with how it ended, unless it was closed. */
  readonly lost: Promise<string>;
  /** Ends it and waits for it. Idempotent. */
  close(): Promise<void>;
}

export interface KeepRunningOptions {
  /** For the log: `slirp4netns`. */
  readonly name: string;
  readonly logger: Logger;
  /** Milliseconds before each try; after the last one it is given up. */
  readonly pausesMs?: readonly number[];
}

const usualPausesMs = [0, 250, 1_000, 5_000, 15_000];
/** Who lived that long was not lost for a reason that stays. */
const soundAfterMs = 60_000;

/**
 * Starts a program, and again when it ends by itself or is killed: containers run on meanwhile, and would lose their
 * way out without a word. Rejects as `start` does, the first time only. Closing ends it for good.
 */
export async function keepRunning(
  start: () => Promise<RunningPart>,
  { name, logger, pausesMs = usualPausesMs }: KeepRunningOptions,
): Promise<{ close(): Promise<void> }> {
  const closing = new AbortController();
  let part: RunningPart = await start();

  const follow = async (): Promise<void> => {
    let tries = 0;
    while (!closing.signal.aborted) {
      const since = performance.now();
      const how = await Promise.race([part.lost, aborted(closing.signal)]);
      if (how === undefined) return;
      if (performance.now() - since > soundAfterMs) tries = 0;
      logger.warn("containers have lost their way out, it is made again", { program: name, ended: how });
      const restarted = await startAgain();
      if (restarted === undefined) return;
      part = restarted;
      logger.info("containers have their way out again", { program: name });
    }
    async function startAgain(): Promise<RunningPart | undefined> {
      for (; tries < pausesMs.length; tries += 1) {
        try {
          await delay(pausesMs[tries], undefined, { signal: closing.signal });
          const started = await start();
          tries += 1;
          return started;
        } catch (error) {
          if (closing.signal.aborted) return undefined;
          logger.warn("make the way out of containers again", { program: name, error: messageOf(error) });
        }
      }
      logger.error("containers have no way out to other machines any more; to have one, run: runcible stop-engine");
      return undefined;
    }
  };

  const followed = follow();
  return {
    close: async () => {
      closing.abort();
      await followed;
      await part.close();
    },
  };
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
