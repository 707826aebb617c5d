import type { Command } from "./instruction";

/** `["a", "b"]` is a list of words, anything else a line for the shell. */
export function commandOf(text: string): Command {
  const words = jsonWords(text);
  return words === undefined ? { kind: "shell", line: text } : { kind: "exec", words };
}

/** Undefined when this is no JSON list of strings; a line such as `[ -e file ] && …` is none. */
export function jsonWords(text: string): readonly string[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((word) => typeof word === "string") ? value : undefined;
  } catch {
    return undefined;
  }
}
