import { RuncibleError } from "../internal/errors";

/** Docker's booleans in a query: empty, 0, no, false, none are false, anything else is true. Absent: `fallback`. */
export function decodeBoolean(text: string | null, fallback = false): boolean {
  if (text === null) return fallback;
  return !["", "0", "no", "false", "none"].includes(text.trim().toLowerCase());
}

/** Absent or empty: undefined. Throws `invalid-argument`. */
export function decodeInteger(text: string | null, name: string): number | undefined {
  if (text === null || text.trim() === "") return undefined;
  if (!/^[+-]?\d{1,15}$/.test(text.trim())) {
    throw new RuncibleError("invalid-argument", `invalid value "${text}" for ${name}: want a whole number`);
  }
  return Number(text);
}

/** `all`, -1 and anything that is no number mean all lines: undefined. */
export function decodeTail(text: string | null): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * Nanoseconds since 1970 from `secs`, `secs.frac` (1 to 9 digits) or RFC 3339. Absent, empty or 0: undefined.
 * Throws `invalid-argument`.
 */
export function decodeTime(text: string | null, name: string): bigint | undefined {
  if (text === null || text === "" || text === "0") return undefined;
  const match = /^(\d{1,12})(?:\.(\d{1,9})\d*)?$/.exec(text);
  if (match !== null) return BigInt(match[1] ?? 0) * 1_000_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
  const nanoseconds = nanosecondsOf(text);
  if (nanoseconds === undefined) {
    throw new RuncibleError("invalid-argument", `invalid value "${text}" for ${name}: want seconds or RFC 3339`);
  }
  return nanoseconds;
}

/** Nanoseconds since 1970 of an RFC 3339 time; undefined if it is none. */
export function nanosecondsOf(timestamp: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(timestamp);
  if (match === null) return undefined;
  const seconds = Date.parse(`${match[1]}${match[3]}`);
  return Number.isNaN(seconds) ? undefined : BigInt(seconds) * 1_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}
