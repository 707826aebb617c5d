import { quotedWords } from "./words";

export interface PendingHeredoc {
  readonly name: string;
  readonly stripsTabs: boolean;
  readonly expands: boolean;
}

/** The heredocs that a line announces, in their order. */
export function heredocsOf(text: string, escapeMark: string): readonly PendingHeredoc[] {
  if (!text.includes("<<")) return [];
  return quotedWords(text, escapeMark).flatMap((word) => parseHeredoc(word) ?? []);
}

/** `<<NAME`, `<<-NAME`, `3<<NAME`, with the name in quotes or not; undefined for any other word. */
export function parseHeredoc(word: string): PendingHeredoc | undefined {
  const [, dash, rest] = /^\d*<<(-?)([^<]+)$/.exec(word) ?? [];
  if (rest === undefined) return undefined;
  const [, , quoted] = /^(["'])(.+)\1$/.exec(rest) ?? [];
  const name = quoted ?? rest;
  if (name === "" || /["'\s\\]/.test(name)) return undefined;
  return { name, stripsTabs: dash === "-", expands: quoted === undefined };
}
