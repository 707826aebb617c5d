const startedAtMs = Date.now();
const startedAtTick = process.hrtime.bigint();

/** Nanoseconds since 1970. Never runs backwards in one process, so an order in time is an order in timestamps. */
export function nowNs(): bigint {
  return BigInt(startedAtMs) * 1_000_000n + (process.hrtime.bigint() - startedAtTick);
}

/** UTC, RFC 3339 with nine digits after the second, as Docker writes times. */
export function timestampOf(ns: bigint): string {
  const seconds = new Date(Number(ns / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${(ns % 1_000_000_000n).toString().padStart(9, "0")}Z`;
}

export function timestampNow(): string {
  return timestampOf(nowNs());
}
