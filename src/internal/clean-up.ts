import { setTimeout as delay } from "node:timers/promises";
import { isExhaustion } from "./system-error";

/** Together a good half hour: whoever has used up a machine for longer has other worries. */
const tries = 400;
const longestPauseMs = 5_000;

/**
 * Runs a step that takes something away. One that fails because files or processes are used up is tried again later,
 * beside whatever else goes on, as nobody else would do it. Resolves after the first try. Other failures, and the last
 * one, go to `report`.
 */
export async function cleanUp(step: () => Promise<unknown>, report: (error: unknown) => void): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (isExhaustion(error)) void tryAgain(step, report);
    else report(error);
  }
}

async function tryAgain(step: () => Promise<unknown>, report: (error: unknown) => void): Promise<void> {
  for (let count = 0; count < tries; count++) {
    // It does not keep an engine from ending, which takes everything away as well.
    await delay(Math.min(100 * 2 ** count, longestPauseMs), undefined, { ref: false });
    try {
      return void (await step());
    } catch (error) {
      if (!isExhaustion(error) || count === tries - 1) return report(error);
    }
  }
}
