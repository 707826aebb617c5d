import type { Instruction, Pairs } from "../instruction";
import { spanOf } from "../source-span";
import type { Statement } from "../statements";
import { syntaxError } from "../syntax-error";
import { quotedWords } from "../words";

/** `ENV` and `LABEL`: `name=value …`, or in the old form `name the rest of the line`. */
export function parsePairs(kind: "ENV" | "LABEL", statement: Statement, escapeMark: string): Instruction {
  return { kind, ...spanOf(statement), pairs: pairsOf(kind, statement, escapeMark) };
}

function pairsOf(kind: string, { line, rest }: Statement, escapeMark: string): Pairs {
  const words = quotedWords(rest, escapeMark);
  const [first] = words;
  if (first === undefined) throw syntaxError(line, `${kind} requires at least one argument`);
  if (!first.includes("=")) {
    const value = rest.slice(first.length).trim();
    if (value === "") throw syntaxError(line, `${kind} must have two arguments`);
    return [[first, value]];
  }
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0) {
      throw syntaxError(line, `Syntax error - can't find = in "${word}". Must be of the form: name=value`);
    }
    if (equals === 0) throw syntaxError(line, `${kind} names can not be blank`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}
