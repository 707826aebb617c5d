import { parseDuration } from "../build/dockerfile/duration";
import { RuncibleError } from "../internal/errors";
import { decodeTime } from "../wire/query-values";

/**
 * The `until` filter, milliseconds since 1970: a time, or how long ago as Go writes it (`24h`). Throws
 * `invalid-argument`.
 */
export function decodeUntil(text: string, now: number): number {
  const duration = parseDuration(text);
  if (duration !== undefined) return now - duration / 1e6;
  // Without a time or a zone it is meant in UTC.
  const withTime = /^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00` : text;
  const nanoseconds = decodeTime(/T\d\d:\d\d:\d\d(\.\d+)?$/.test(withTime) ? `${withTime}Z` : withTime, "until");
  if (nanoseconds === undefined) throw new RuncibleError("invalid-argument", `invalid value "${text}" for until`);
  return Number(nanoseconds / 1_000_000n);
}
