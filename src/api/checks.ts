import { isIP } from "node:net";
import { RuncibleError } from "../internal/errors";

// Arguments are checked when they are given, so that the stack of the error leads to the mistake. Callers may be plain
// JavaScript: types prove nothing. Each check throws `invalid-argument`, and returns what it was given.

/** Text that is not empty. */
export function checkedText(value: string, what: string): string {
  if (typeof value !== "string" || value === "") throw wrong(what, value, "a text that is not empty");
  if (value.includes("\0")) throw wrong(what, value, "a text without NUL characters");
  return value;
}

/** Words of a command; an empty one is a word too. */
export function checkedWords(value: string[], what: string): string[] {
  if (!Array.isArray(value)) throw wrong(what, value, "a list of texts");
  for (const word of value) if (typeof word !== "string" || word.includes("\0")) throw wrong(what, word, "a text");
  return value;
}

export function checkedTexts(value: readonly string[], what: string): void {
  for (const text of checkedList(value, what)) checkedText(text, what);
}

export function checkedList<T>(value: readonly T[], what: string): readonly T[] {
  if (!Array.isArray(value)) throw wrong(what, value, "a list");
  return value;
}

export function checkedObject<T extends object>(value: T, what: string): T {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(what, value, "an object");
  return value;
}

/** Names to texts; numbers and booleans, which JavaScript lets through, become texts. */
export function checkedTextMap(value: { readonly [name: string]: string }, what: string): { [name: string]: string } {
  const entries: [string, unknown][] = Object.entries(checkedObject(value, what));
  return Object.fromEntries(
    entries.map(([name, text]) => {
      checkedText(name, `a name of ${what}`);
      if (!["string", "number", "boolean"].includes(typeof text)) throw wrong(`${what}: ${name}`, text, "a text");
      return [name, String(text)];
    }),
  );
}

export function checkedFlag(value: boolean, what: string): boolean {
  if (typeof value !== "boolean") throw wrong(what, value, "true or false");
  return value;
}

export function checkedFunction<T>(value: T, what: string): T {
  if (typeof value !== "function") throw wrong(what, value, "a function");
  return value;
}

/** Something with these methods, whatever made it. */
export function checkedWith<T extends object>(value: T, methods: readonly (keyof T & string)[], what: string): T {
  const has = (name: keyof T): boolean =>
    typeof value === "object" && value !== null && typeof value[name] === "function";
  for (const name of methods) if (!has(name)) throw wrong(what, value, `an object with a method ${name}`);
  return value;
}

/** Milliseconds, 0 or more. */
export function checkedDuration(value: number, what: string): number {
  if (typeof value !== "number" || !(value >= 0) || value === Number.POSITIVE_INFINITY) {
    throw wrong(what, value, "a number of milliseconds, 0 or more");
  }
  return value;
}

export function checkedPositive(value: number, what: string): number {
  if (typeof value !== "number" || !(value > 0) || value === Number.POSITIVE_INFINITY) {
    throw wrong(what, value, "a number above 0");
  }
  return value;
}

export function checkedInteger(value: number, what: string, { min, max = Number.MAX_SAFE_INTEGER }: Range): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`;
    throw wrong(what, value, `a whole number, ${range}`);
  }
  return value;
}

interface Range {
  readonly min: number;
  readonly max?: number;
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

export function checkedAddress(value: string, what: string): string {
  if (isIP(value) === 0 && value !== "host-gateway") throw wrong(what, value, "an IP address");
  return value;
}

/** What Docker takes for the name of a container. */
export function checkedName(value: string, what: string): string {
  if (typeof value !== "string" || !/^\/?[a-zA-Z0-9][\w.-]+$/.test(value)) {
    throw wrong(what, value, "a name: letters, digits and _.- after the first, two characters at least");
  }
  return value;
}

/** What compose takes for the name of a project. */
export function checkedProjectName(value: string, what: string): string {
  if (typeof value !== "string" || !/^[a-z0-9][a-z0-9_-]*$/.test(value)) {
    throw wrong(what, value, "a name of lower case letters, digits, dashes and underscores, a letter or digit first");
  }
  return value;
}

/** In a container. */
export function checkedAbsolutePath(value: string, what: string): string {
  if (!checkedText(value, what).replaceAll("\\", "/").startsWith("/")) throw wrong(what, value, "an absolute path");
  return value;
}

/** What follows a host in a URL; nothing is the root. */
export function checkedUrlPath(value: string, what: string): string {
  if (value === "" || (typeof value === "string" && /^[/?#]/.test(value))) return value;
  throw wrong(what, value, "what follows the host in a URL, such as /health or /ready?full=1");
}

/** Of a file, also as stat(2) gives it: with the file's type above octal 7777. */
export function checkedMode(value: number | undefined, what: string): void {
  if (value !== undefined) checkedInteger(value, what, { min: 0, max: 0o177777 });
}

export function checkedChoice<T extends string>(value: T, choices: readonly T[], what: string): T {
  if (!choices.includes(value)) throw wrong(what, value, `one of ${choices.join(", ")}`);
  return value;
}

/** What a check throws. */
export function wrong(what: string, value: unknown, wanted: string): RuncibleError {
  return new RuncibleError("invalid-argument", `set ${what}: ${shown(value)} is not ${wanted}`);
}

const shownCharacters = 100;

function shown(value: unknown): string {
  if (typeof value === "function") return "a function";
  return (typeof value === "string" ? JSON.stringify(value) : inspected(value)).slice(0, shownCharacters);
}

function inspected(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  return Array.isArray(value)
    ? `a list of ${value.length}`
    : `an object with ${Object.keys(value).join(", ") || "nothing"}`;
}
