/** What an expression asks of the environment. */
export interface Variables {
  /** Undefined: not set. */
  lookup(name: string): string | undefined;
  /** Told of every variable that is not set and has no default. */
  onMissing?(name: string): void;
}

/** A text that does not follow the syntax, or a variable that must be set and is not; the caller knows the place. */
export interface InterpolationFault {
  readonly kind: "syntax" | "required";
  readonly message: string;
}

export type Interpolated = { readonly text: string } | { readonly fault: InterpolationFault };

const name = /[A-Za-z_][A-Za-z0-9_]*/y;

/**
 * Replaces `$X`, `${X}` and its forms with `:-`, `-`, `:?`, `?`, `:+`, `+`, nested too. `$$` is a dollar sign, and so
 * is one that neither a name nor a brace follows: `$(date)` is for the container's shell. Pure.
 */
export function interpolate(text: string, variables: Variables): Interpolated {
  if (!text.includes("$")) return { text };
  try {
    return { text: expand(text, variables) };
  } catch (thrown) {
    if (thrown instanceof Stop) return { fault: thrown.fault };
    throw thrown;
  }
}

/** Ends the recursion; never leaves this file. */
class Stop {
  readonly fault: InterpolationFault;

  constructor(kind: InterpolationFault["kind"], message: string) {
    this.fault = { kind, message };
  }
}

function expand(text: string, variables: Variables): string {
  let result = "";
  let index = 0;
  while (index < text.length) {
    const dollar = text.indexOf("$", index);
    if (dollar < 0) return result + text.slice(index);
    result += text.slice(index, dollar);
    const next = text[dollar + 1];
    if (next === "$") {
      result += "$";
      index = dollar + 2;
    } else if (next === "{") {
      const end = closingBrace(text, dollar + 2);
      result += braced(text.slice(dollar + 2, end), variables);
      index = end + 1;
    } else {
      const word = nameAt(text, dollar + 1);
      result += word === "" ? "$" : valueNamed(word, variables);
      index = dollar + 1 + word.length;
    }
  }
  return result;
}

/** Where the expression that starts at `from` ends; expressions inside it are skipped. */
function closingBrace(text: string, from: number): number {
  let depth = 1;
  for (let index = from; index < text.length; index += 1) {
    if (text.startsWith("$$", index)) index += 1;
    else if (text.startsWith("${", index)) depth += 1;
    else if (text[index] === "}") depth -= 1;
    if (depth === 0) return index;
  }
  throw invalidSyntax(text.slice(from - 2));
}

function braced(expression: string, variables: Variables): string {
  const word = nameAt(expression, 0);
  const [, operator = "", rest = ""] = /^(:?[-?+])?(.*)$/s.exec(expression.slice(word.length)) ?? [];
  if (word === "" || (operator === "" && rest !== "")) throw invalidSyntax(`\${${expression}}`);
  const value = variables.lookup(word);
  const isThere = operator.startsWith(":") ? value !== undefined && value !== "" : value !== undefined;
  switch (operator.at(-1)) {
    case "-":
      return isThere ? (value ?? "") : expand(rest, variables);
    case "+":
      return isThere ? expand(rest, variables) : "";
    case "?":
      if (isThere) return value ?? "";
      throw new Stop("required", `the variable ${word} is required: ${expand(rest, variables) || "it is not set"}`);
    default:
      return valueNamed(word, variables);
  }
}

function valueNamed(word: string, variables: Variables): string {
  const value = variables.lookup(word);
  if (value === undefined) variables.onMissing?.(word);
  return value ?? "";
}

function nameAt(text: string, index: number): string {
  name.lastIndex = index;
  return name.exec(text)?.[0] ?? "";
}

function invalidSyntax(part: string): Stop {
  return new Stop("syntax", `"${part}" is no variable; write $$ for a dollar sign`);
}
