import type { Statement } from "./statements";
import { syntaxError } from "./syntax-error";

/** `--name=value` words between an instruction's keyword and its arguments. */
export interface Flags {
  /** The last value; undefined when the flag is not there, or nothing follows its `=`. */
  text(name: string): string | undefined;
  /** All values that are something. */
  texts(name: string): readonly string[];
  /** `--name`, `--name=true`, `--name=false`; undefined when the flag is not there. */
  boolean(name: string): boolean | undefined;
  /** What follows the flags. */
  readonly rest: string;
}

/** Throws `invalid-argument` for a flag that is not among `known`, and for one without a value that needs one. */
export function readFlags({ line, keyword, rest }: Statement, known: readonly string[]): Flags {
  const values = new Map<string, (string | undefined)[]>();
  let text = rest;
  for (let match = flagAt(text); match !== undefined; match = flagAt(text)) {
    if (match.name === "") {
      text = match.after;
      break;
    }
    if (!known.includes(match.name)) throw syntaxError(line, `unknown flag: --${match.name} for ${keyword}`);
    values.set(match.name, [...(values.get(match.name) ?? []), match.value]);
    text = match.after;
  }
  const texts = (name: string): readonly string[] => {
    const given = values.get(name) ?? [];
    const written = given.filter((value) => value !== undefined);
    if (written.length < given.length) throw syntaxError(line, `missing a value on flag: --${name}`);
    return written.filter((value) => value !== "");
  };
  return {
    text: (name) => texts(name).at(-1),
    texts,
    boolean: (name) => {
      const given = values.get(name);
      const value = given === undefined ? undefined : (given.at(-1) ?? "").toLowerCase();
      if (value === undefined) return undefined;
      if (value === "" || value === "true") return true;
      if (value === "false") return false;
      throw syntaxError(line, `expecting boolean value for flag --${name}, not: ${value}`);
    },
    rest: text,
  };
}

interface FoundFlag {
  /** Empty: `--` alone, which ends the flags. */
  readonly name: string;
  /** Undefined: without `=`. */
  readonly value: string | undefined;
  readonly after: string;
}

/** A value may have quotes, in which blanks do not end it. */
function flagAt(text: string): FoundFlag | undefined {
  const match = /^--([a-zA-Z-]*)(?:=((?:"[^"]*"|'[^']*'|[^\s"'])*))?(?:\s+|$)/.exec(text);
  if (match === null) return undefined;
  const [whole, name = "", value] = match;
  return { name, value: value?.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"), after: text.slice(whole.length) };
}
