import { RuncibleError } from "../internal/errors";

// Arguments are checked when they are given, so that the stack of the error leads to the mistake. Callers may be plain
// JavaScript: types prove nothing. Each throws `invalid-argument`, and returns what it was given.

/** Text that is not empty. */
export function checkedText(value: string, what: string): string {
  if (typeof value !== "string" || value === "") throw wrong(what, value, "a text that is not empty");
  if (value.includes("\0")) throw wrong(what, value, "a text without NUL characters");
  return value;
}

/** TCP or UDP: 1 to 65535. */
export function checkedPort(value: number, what: string): number {
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw wrong(what, value, "a port number, 1 to 65535");
  return value;
}

/** A name or an address. */
export function checkedHost(value: string, what: string): string {
  if (typeof value !== "string" || !/^[\w.:-]+$/.test(value)) throw wrong(what, value, "a host name or an address");
  return value;
}

function wrong(what: string, value: unknown, wanted: string): RuncibleError {
  return new RuncibleError("invalid-argument", `set ${what}: ${shown(value)} is not ${wanted}`);
}

const shownCharacters = 100;

function shown(value: unknown): string {
  const text = typeof value === "string" || value instanceof Object ? JSON.stringify(value) : String(value);
  return (text ?? String(value)).slice(0, shownCharacters);
}
