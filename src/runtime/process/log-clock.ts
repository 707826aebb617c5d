import { nowNs } from "../../internal/steady-clock";

/**
 * Nanoseconds since 1970, strictly increasing, so that `since` can tell any two lines apart; by the same clock as a
 * container's start, which must not be later than its first line.
 */
export function createLogClock(notBefore: bigint): () => bigint {
  let last = notBefore;
  return () => {
    const now = nowNs();
    last = now > last ? now : last + 1n;
    return last;
  };
}
