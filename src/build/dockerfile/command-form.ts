import type { Command } from "./instruction";
import type { Statement } from "./statements";
import { syntaxError } from "./syntax-error";

/** `["a", "b"]` is a list of words, anything else a line for the shell. Throws as `jsonWords`. */
export function commandOf(text: string, statement: Pick<Statement, "line">): Command {
  const words = jsonWords(text, statement);
  return words === undefined ? { kind: "shell", line: text } : { kind: "exec", words };
}

/**
 * Undefined when this does not begin with a JSON list, as `[ -e file ] && …`. What follows the list, such as a comment,
 * is passed over: Docker does so. Throws `invalid-argument` for a list of anything but strings.
 */
export function jsonWords(text: string, { line }: Pick<Statement, "line">): readonly string[] | undefined {
  const list = firstList(text);
  if (list === undefined) return undefined;
  if (list.every((word) => typeof word === "string")) return list;
  throw syntaxError(line, "when using JSON array syntax, arrays must be comprised of strings only");
}

function firstList(text: string): readonly unknown[] | undefined {
  if (!text.startsWith("[")) return undefined;
  try {
    const value: unknown = JSON.parse(text.slice(0, endOfList(text)));
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Behind the bracket that closes the first one; the end of the text where none does. */
function endOfList(text: string): number {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]]/gs)) {
    if (token === "[") depth += 1;
    if (token === "]") depth -= 1;
    if (depth === 0) return index + 1;
  }
  return text.length;
}
