import type { ArgInstruction } from "../instruction";
import { spanOf } from "../source-span";
import type { Statement } from "../statements";
import { syntaxError } from "../syntax-error";
import { quotedWords } from "../words";

/** `ARG name[=default] …` */
export function parseArg(statement: Statement, escapeMark: string): ArgInstruction {
  const args = quotedWords(statement.rest, escapeMark).map((word) => {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    if (name === "") throw syntaxError(statement.line, "ARG names can not be blank");
    return equals < 0 ? { name } : { name, value: word.slice(equals + 1) };
  });
  if (args.length === 0) throw syntaxError(statement.line, "ARG requires at least one argument");
  return { kind: "ARG", ...spanOf(statement), args };
}
