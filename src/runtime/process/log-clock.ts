/**
 * Nanoseconds since 1970, strictly increasing, so that `since` can tell any two lines apart. Never before the
 * millisecond `Date.now()` gives: a container's start time must not be later than its first line. Within a millisecond
 * the monotonic clock counts on.
 */
export function createLogClock(notBefore: bigint): () => bigint {
  let last = notBefore;
  let wallMs = 0;
  let anchor = 0n;
  return () => {
    const nowMs = Date.now();
    const monotonic = process.hrtime.bigint();
    if (nowMs !== wallMs) {
      wallMs = nowMs;
      anchor = monotonic;
    }
    const fraction = monotonic - anchor < 999_999n ? monotonic - anchor : 999_999n;
    const now = BigInt(nowMs) * 1_000_000n + fraction;
    last = now > last ? now : last + 1n;
    return last;
  };
}
