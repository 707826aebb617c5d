import { RuncibleError } from "../../internal/errors";
import { removePrefix, removeSuffix, replacePattern } from "./shell-pattern";

export type Variables = ReadonlyMap<string, string>;

/**
 * A word of a Dockerfile with its variables put in and its quotes taken off, by the rules of a shell. Unset variables
 * are empty. Throws `invalid-argument` for a malformed `${…}` and for `${name:?message}`.
 */
export function expand(text: string, variables: Variables, escapeMark: string): string {
  return new Expansion(text, variables, { escapeMark, keepsQuotes: false }).run();
}

/** As `expand`, for the content of a heredoc, where quotes mean nothing but escape characters go all the same. */
export function expandText(text: string, variables: Variables, escapeMark: string): string {
  return new Expansion(text, variables, { escapeMark, keepsQuotes: true }).run();
}

interface ExpansionRules {
  readonly escapeMark: string;
  readonly keepsQuotes: boolean;
}

/** Those that a shell alone sets are always empty: `$$` is nothing, as with Docker. */
const variableName = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?!$-])/;

class Expansion {
  readonly #text: string;
  readonly #variables: Variables;
  readonly #rules: ExpansionRules;
  #at = 0;

  constructor(text: string, variables: Variables, rules: ExpansionRules) {
    this.#text = text;
    this.#variables = variables;
    this.#rules = rules;
  }

  run(): string {
    return this.#until("");
  }

  /** Reads up to `stop`, which is taken too; with an empty `stop` up to the end. */
  #until(stop: string): string {
    const { escapeMark, keepsQuotes } = this.#rules;
    let out = "";
    while (this.#at < this.#text.length) {
      const character = this.#take();
      if (character === stop) return out;
      if (character === "$") out += this.#variable();
      else if (character === escapeMark) out += this.#escaped();
      else if (character === "'" && !keepsQuotes) out += this.#literal();
      else if (character === '"' && !keepsQuotes) out += this.#quoted();
      else out += character;
    }
    if (stop !== "") throw this.#malformed(`"${stop}" lacks`);
    return out;
  }

  #take(): string {
    const character = this.#text[this.#at] ?? "";
    this.#at += 1;
    return character;
  }

  /** At the end it stands for itself. */
  #escaped(): string {
    return this.#at >= this.#text.length ? this.#rules.escapeMark : this.#take();
  }

  #literal(): string {
    const end = this.#text.indexOf("'", this.#at);
    if (end < 0) throw this.#malformed("unexpected end of statement while looking for matching single-quote");
    const inside = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return inside;
  }

  #quoted(): string {
    const { escapeMark } = this.#rules;
    let out = "";
    while (this.#at < this.#text.length) {
      const character = this.#take();
      if (character === '"') return out;
      if (character === "$") out += this.#variable();
      else if (character !== escapeMark) out += character;
      else if (this.#at >= this.#text.length) break;
      else {
        const next = this.#take();
        out += next === '"' || next === "$" || next === escapeMark ? next : escapeMark + next;
      }
    }
    throw this.#malformed("unexpected end of statement while looking for matching double-quote");
  }

  /** Behind a `$`. */
  #variable(): string {
    if (this.#text[this.#at] === "{") {
      this.#at += 1;
      return this.#braced();
    }
    const [name] = variableName.exec(this.#text.slice(this.#at)) ?? [];
    if (name === undefined) return "$";
    this.#at += name.length;
    return this.#variables.get(name) ?? "";
  }

  #braced(): string {
    const [name] = variableName.exec(this.#text.slice(this.#at)) ?? [];
    if (name === undefined) throw this.#malformed("bad substitution");
    this.#at += name.length;
    const value = this.#variables.get(name);
    const [operator] = /^(?:\}|:?[-+?]|##?|%%?|\/\/?)/.exec(this.#text.slice(this.#at)) ?? [];
    if (operator === undefined) throw this.#malformed("unsupported modifier in substitution");
    this.#at += operator.length;
    switch (operator) {
      case "}":
        return value ?? "";
      case ":-":
      case "-":
        return this.#choose(isSet(value, operator), { set: () => value ?? "", unset: (word) => word });
      case ":+":
      case "+":
        return this.#choose(isSet(value, operator), { set: (word) => word, unset: () => "" });
      case ":?":
      case "?":
        return this.#choose(isSet(value, operator), {
          set: () => value ?? "",
          unset: (word) => {
            throw new RuncibleError("invalid-argument", `${name}: ${word === "" ? "not allowed to be unset" : word}`);
          },
        });
      case "#":
      case "##":
        return removePrefix(value ?? "", this.#until("}"), operator === "##");
      case "%":
      case "%%":
        return removeSuffix(value ?? "", this.#until("}"), operator === "%%");
      default: {
        const pattern = this.#until("/");
        return replacePattern(value ?? "", pattern, this.#until("}"), operator === "//");
      }
    }
  }

  #choose(
    isSetNow: boolean,
    { set, unset }: { readonly set: (word: string) => string; readonly unset: (word: string) => string },
  ): string {
    const word = this.#until("}");
    return isSetNow ? set(word) : unset(word);
  }

  #malformed(reason: string): RuncibleError {
    return new RuncibleError("invalid-argument", `failed to process "${this.#text}": ${reason}`);
  }
}

/** With a colon, an empty variable counts as unset. */
function isSet(value: string | undefined, operator: string): boolean {
  return operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
}
