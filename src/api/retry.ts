import { setTimeout as delay } from "node:timers/promises";

export interface Retry<T, U> {
  retryUntil(
    fn: () => Promise<T>,
    predicate: (result: T) => boolean | Promise<boolean>,
    onTimeout: () => U,
    timeoutMs: number,
  ): Promise<T | U>;
}

/** Tries at an interval. Errors of `fn` and of the predicate are not retried. */
export class IntervalRetry<T, U> implements Retry<T, U> {
  readonly #intervalMs: number;

  constructor(intervalMs: number) {
    this.#intervalMs = intervalMs;
  }

  async retryUntil(
    fn: (attempt: number) => Promise<T>,
    predicate: (result: T) => boolean | Promise<boolean>,
    onTimeout: () => U,
    timeoutMs: number,
  ): Promise<T | U> {
    const start = performance.now();
    for (let attempt = 0; ; attempt++) {
      const result = await fn(attempt);
      if (await predicate(result)) return result;
      // In whole milliseconds: without any time there is a second attempt, as in the original.
      if (Math.trunc(performance.now() - start) > timeoutMs) return onTimeout();
      await delay(this.#intervalMs);
    }
  }
}
