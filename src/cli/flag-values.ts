import { RuncibleError } from "../internal/errors";
import type { Flags } from "./command";

export function textFlag(flags: Flags, name: string): string | undefined {
  const value = flags[name];
  return typeof value === "string" ? value : undefined;
}

export function listFlag(flags: Flags, name: string): readonly string[] {
  const value = flags[name];
  return Array.isArray(value) ? value.map(String) : [];
}

/** Throws `invalid-argument` unless it is a whole number from 0 on. */
export function numberFlag(flags: Flags, name: string): number | undefined {
  const text = textFlag(flags, name);
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new RuncibleError("invalid-argument", `read --${name}: "${text}" is no whole number`);
}

/** Throws `invalid-argument` unless it is one of the words. */
export function wordFlag<T extends string>(flags: Flags, name: string, words: readonly T[]): T | undefined {
  const text = textFlag(flags, name);
  const word = words.find((known) => known === text);
  if (text === undefined || word !== undefined) return word;
  throw new RuncibleError("invalid-argument", `read --${name}: it is ${words.join(" or ")}, not "${text}"`);
}
