import { timestampOf } from "../../internal/timestamp";

const startedAtMs = Date.now();
const startedAtTick = process.hrtime.bigint();

/** Nanoseconds since 1970. Never runs backwards in one process, so an order in time is an order in timestamps. */
export function nowNs(): bigint {
  return BigInt(startedAtMs) * 1_000_000n + (process.hrtime.bigint() - startedAtTick);
}

export function timestampNow(): string {
  return timestampOf(nowNs());
}
