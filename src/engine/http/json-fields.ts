import { RuncibleError } from "../../internal/errors";
import type { JsonObject, JsonValue } from "../../wire/json";

// Clients send null, "" and nothing for the same thing, so each of these gives undefined or an empty value for all of
// them. A value of the wrong type throws `invalid-argument` and names the key.

export function textField(json: JsonObject, key: string): string | undefined {
  const value = json[key];
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value !== "string") throw wrong(key, "a string");
  return value;
}

export function numberField(json: JsonObject, key: string): number | undefined {
  const value = json[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number") throw wrong(key, "a number");
  return value;
}

/** What Docker, written in Go, can read. */
const maxAmount = 2 ** 63;

/** Fractions, which some clients compute, are rounded. 0 means "not set" nearly everywhere: undefined. */
export function amountField(json: JsonObject, key: string): number | undefined {
  const value = Math.round(numberField(json, key) ?? 0);
  if (Math.abs(value) > maxAmount) throw wrong(key, "a number of 64 bits");
  return value === 0 ? undefined : value;
}

export function booleanField(json: JsonObject, key: string): boolean {
  const value = json[key];
  if (value === undefined || value === null) return false;
  if (typeof value !== "boolean") throw wrong(key, "true or false");
  return value;
}

/** An array of strings; a bare string counts as one. */
export function listField(json: JsonObject, key: string): readonly string[] {
  return optionalListField(json, key) ?? [];
}

export function optionalListField(json: JsonObject, key: string): readonly string[] | undefined {
  const value = json[key];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return [value];
  if (!isArray(value) || !value.every((item) => typeof item === "string")) throw wrong(key, "a list of strings");
  return value;
}

/** An array of objects; nulls in it are dropped. */
export function objectListField(json: JsonObject, key: string): readonly JsonObject[] {
  const value = json[key];
  if (value === undefined || value === null) return [];
  if (!isArray(value)) throw wrong(key, "a list of objects");
  return value.filter((item) => item !== null).map((item) => asObject(item, key));
}

/** `{}` when there is none; some clients send `[]` for an empty object. */
export function objectField(json: JsonObject, key: string): JsonObject {
  const value = json[key];
  if (value === undefined || value === null || (isArray(value) && value.length === 0)) return {};
  return asObject(value, key);
}

/** An object of strings; null counts as the empty string. */
export function textMapField(json: JsonObject, key: string): Readonly<Record<string, string>> {
  const entries = Object.entries(objectField(json, key)).map(([name, value]) => {
    if (value !== undefined && value !== null && typeof value === "object") throw wrong(`${key}.${name}`, "a string");
    return [name, String(value ?? "")];
  });
  return Object.fromEntries(entries);
}

/**
 * The same object with optional keys in place of keys that may be undefined, as `exactOptionalPropertyTypes` wants it.
 */
export type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

export function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}

export function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function asObject(value: JsonValue, key: string): JsonObject {
  if (value === null || typeof value !== "object" || isArray(value)) throw wrong(key, "an object");
  return value;
}

function wrong(key: string, wanted: string): RuncibleError {
  return new RuncibleError("invalid-argument", `read request body: ${key} is not ${wanted}`);
}
