import { jsonWords } from "../command-form";
import type { Instruction } from "../instruction";
import { spanOf } from "../source-span";
import type { Statement } from "../statements";
import { syntaxError } from "../syntax-error";
import { plainWords } from "../words";

/** `VOLUME path …`, also as a JSON list. */
export function parseVolume(statement: Statement): Instruction {
  const paths = jsonWords(statement.rest, statement) ?? plainWords(statement.rest);
  if (paths.length === 0) throw syntaxError(statement.line, "VOLUME requires at least one argument");
  if (paths.some((path) => path.trim() === "")) {
    throw syntaxError(statement.line, "VOLUME specified can not be an empty string");
  }
  return { kind: "VOLUME", ...spanOf(statement), paths };
}

/** `EXPOSE port[/protocol] …` */
export function parseExpose(statement: Statement): Instruction {
  const ports = plainWords(statement.rest);
  if (ports.length === 0) throw syntaxError(statement.line, "EXPOSE requires at least one argument");
  return { kind: "EXPOSE", ...spanOf(statement), ports };
}
