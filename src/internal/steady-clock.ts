let offsetNs = BigInt(Date.now()) * 1_000_000n - process.hrtime.bigint();

/**
 * Nanoseconds since 1970, never less than before and never behind the machine's clock. It follows that clock when it is
 * set forward, as after a sleep, and goes on at its own pace when it is set back: an order in time stays an order in
 * timestamps, and what asks for log lines since a start finds all of them.
 */
export function nowNs(): bigint {
  const tick = process.hrtime.bigint();
  const wallNs = BigInt(Date.now()) * 1_000_000n;
  if (wallNs > tick + offsetNs) offsetNs = wallNs - tick;
  return tick + offsetNs;
}
