import { RuncibleError } from "../internal/errors";

/** Key to its values. Different keys must all match; values of one key are alternatives, except for `label`. */
export type Filters = ReadonlyMap<string, readonly string[]>;

export const noFilters: Filters = new Map();

/**
 * Reads `{"label":{"a=b":true}}` (Go) and `{"label":["a=b"]}` (most others). Empty: none. Throws `invalid-argument`.
 */
export function decodeFilters(text: string | null | undefined): Filters {
  if (text === null || text === undefined || text.trim() === "") return noFilters;
  const json = parse(text);
  if (json === null) return noFilters;
  if (typeof json !== "object" || Array.isArray(json)) throw invalid(text);
  return new Map(Object.entries(json).map(([key, value]) => [key, valuesOf(value, text)]));
}

/** The list form, which every daemon since 2013 reads. */
export function encodeFilters(filters: Filters): string {
  return JSON.stringify(Object.fromEntries(filters));
}

/** Throws Docker's `Invalid filter 'x'` for a key that is not among `known`. */
export function checkFilterKeys(filters: Filters, known: readonly string[]): void {
  for (const key of filters.keys()) {
    if (!known.includes(key)) throw new RuncibleError("invalid-argument", `Invalid filter '${key}'`);
  }
}

/** Whether `labels` has all of `wanted`, each `key` or `key=value`. */
export function hasLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((text) => {
    const [key, value] = splitLabel(text);
    return Object.hasOwn(labels, key) && (value === undefined || labels[key] === value);
  });
}

/** The `label` and `label!` filters, which mean the same for every resource. */
export function matchesLabels(labels: Readonly<Record<string, string>>, filters: Filters): boolean {
  const unwanted = filters.get("label!") ?? [];
  return hasLabels(labels, filters.get("label") ?? []) && !unwanted.some((label) => hasLabels(labels, [label]));
}

/** Whether the filter is absent or one of its values matches. */
export function matchesAny(filters: Filters, key: string, matches: (value: string) => boolean): boolean {
  const values = filters.get(key);
  return values === undefined || values.length === 0 || values.some(matches);
}

/**
 * `true`, `1`, `false` or `0`; undefined: nobody asks. Throws Docker's `Invalid filter 'x=[y]'` for anything else, and
 * for a filter that asks for both.
 */
export function booleanFilter(filters: Filters, key: string): boolean | undefined {
  const values = filters.get(key) ?? [];
  if (values.length === 0) return undefined;
  const isTrue = values.some((value) => value === "true" || value === "1");
  const isFalse = values.some((value) => value === "false" || value === "0");
  if (isTrue !== isFalse) return isTrue;
  throw new RuncibleError("invalid-argument", `Invalid filter '${key}=[${values.join(" ")}]'`);
}

/** The regular expressions of a filter, found anywhere in a text. Throws `invalid-argument` for what is none. */
export function patternFilter(filters: Filters, key: string): (text: string) => boolean {
  const expressions = (filters.get(key) ?? []).map((pattern) => {
    try {
      return new RegExp(pattern);
    } catch (cause) {
      throw new RuncibleError("invalid-argument", `Invalid filter '${key}=${pattern}'`, { cause });
    }
  });
  return (text) => expressions.length === 0 || expressions.some((expression) => expression.test(text));
}

function splitLabel(text: string): [string, string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RuncibleError("invalid-argument", `invalid filter: ${text}`, { cause });
  }
}

function valuesOf(value: unknown, text: string): readonly string[] {
  if (value === null) return [];
  if (Array.isArray(value)) {
    if (!value.every((item) => typeof item === "string")) throw invalid(text);
    return value;
  }
  if (typeof value !== "object") throw invalid(text);
  return Object.entries(value).flatMap(([key, isWanted]) => (isWanted === false ? [] : [key]));
}

function invalid(text: string): RuncibleError {
  return new RuncibleError("invalid-argument", `invalid filter: ${text}`);
}
