import { RuncibleError } from "../../internal/errors";
import { interpolate, type Variables } from "./interpolate";

/** `raw`: what follows the equals sign is the value, to the letter. */
export type EnvFileFormat = "compose" | "raw";

interface Line {
  readonly key: string;
  /** Undefined: the line is a name only, whose value comes from outside. */
  readonly value: string | undefined;
}

/**
 * Reads an environment file: comments, `export`, quotes over several lines, escapes in double quotes, and variables
 * outside single quotes, which see the lines above and then `outer`. Throws `compose-file-invalid` with the line.
 */
export function parseDotenv(
  text: string,
  file: string,
  outer: Variables["lookup"],
  format: EnvFileFormat = "compose",
): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  if (format === "raw") {
    for (const line of text.split(/\r?\n/)) {
      const at = line.indexOf("=");
      if (at > 0 && !line.startsWith("#")) values.set(line.slice(0, at), line.slice(at + 1));
    }
    return values;
  }
  const lookup = (name: string): string | undefined => values.get(name) ?? outer(name);
  for (const { key, value } of readLines(text.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n"), file, lookup)) {
    const known = value ?? outer(key);
    if (known !== undefined) values.set(key, known);
  }
  return values;
}

function* readLines(text: string, file: string, lookup: Variables["lookup"]): Generator<Line> {
  const linePattern = /[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y;
  const keyPattern = /[^\S\n]*(?:export[^\S\n]+)?([A-Za-z_][\w.-]*)[^\S\n]*(?:([=:])[^\S\n]*)?/y;
  let index = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = index;
    const match = pattern.exec(text);
    if (match !== null) index += match[0].length;
    return match;
  };
  const fail = (message: string): RuncibleError => {
    const line = text.slice(0, index).split("\n").length;
    return new RuncibleError("compose-file-invalid", `read environment file: ${file}:${line}: ${message}`, {
      evidence: { file, line },
    });
  };
  while (index < text.length) {
    if (take(linePattern)) continue;
    const key = take(keyPattern);
    if (key?.[1] === undefined) throw fail("a line is NAME=value, a comment, or empty");
    if (key[2] === undefined) {
      if (!take(linePattern)) throw fail(`after the name ${key[1]} comes an equals sign`);
      yield { key: key[1], value: undefined };
      continue;
    }
    const value = readValue(take, lookup, fail);
    yield { key: key[1], value };
  }
}

function readValue(
  take: (pattern: RegExp) => RegExpExecArray | null,
  lookup: Variables["lookup"],
  fail: (message: string) => RuncibleError,
): string {
  const restOfLine = /[^\S\n]*(?:#[^\n]*)?(?:\n|$)/y;
  const single = take(/'((?:[^'\\]|\\[\s\S])*)'/y);
  if (single !== null) {
    if (!take(restOfLine)) throw fail("something follows the closing quote");
    return (single[1] ?? "").replaceAll("\\'", "'");
  }
  const double = take(/"((?:[^"\\]|\\[\s\S])*)"/y);
  if (double !== null) {
    if (!take(restOfLine)) throw fail("something follows the closing quote");
    return expanded(unescaped(double[1] ?? ""), lookup, fail);
  }
  if (take(/(?=["'])/y)) throw fail("a quote is not closed");
  const plain = take(/[^\n]*(?:\n|$)/y)?.[0] ?? "";
  return expanded(plain.replace(/(^|\s+)#.*$/s, "").trim(), lookup, fail);
}

function unescaped(text: string): string {
  const known: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", '"': '"', "\\": "\\", $: "$$" };
  return text.replaceAll(/\\([\s\S])/g, (whole, letter: string) => known[letter] ?? whole);
}

function expanded(text: string, lookup: Variables["lookup"], fail: (message: string) => RuncibleError): string {
  const result = interpolate(text, { lookup });
  if ("text" in result) return result.text;
  // In an environment file a lone dollar sign is an ordinary letter.
  if (result.fault.kind === "syntax") return text;
  throw fail(result.fault.message);
}
