import { jsonWords } from "../command-form";
import type { Instruction } from "../instruction";
import { spanOf } from "../source-span";
import type { Statement } from "../statements";
import { syntaxError } from "../syntax-error";

/** `SHELL ["program", "argument"]` */
export function parseShell(statement: Statement): Instruction {
  const shell = jsonWords(statement.rest, statement);
  if (shell === undefined || shell.length === 0) {
    throw syntaxError(statement.line, "SHELL requires the arguments to be in JSON form");
  }
  return { kind: "SHELL", ...spanOf(statement), shell };
}
