import { commandOf } from "../command-form";
import type { Instruction } from "../instruction";
import { spanOf } from "../source-span";
import type { Statement } from "../statements";
import { syntaxError } from "../syntax-error";

/** `CMD` and `ENTRYPOINT`: a command, which may be empty in the list form. */
export function parseCommand(kind: "CMD" | "ENTRYPOINT", statement: Statement): Instruction {
  return { kind, ...spanOf(statement), command: commandOf(statement.rest || "[]", statement) };
}

/** Instructions with exactly one argument. */
export function parseSingle(kind: "WORKDIR" | "USER" | "STOPSIGNAL" | "MAINTAINER", statement: Statement): Instruction {
  const { rest, line } = statement;
  if (rest === "") throw syntaxError(line, `${kind} requires exactly one argument`);
  const span = spanOf(statement);
  switch (kind) {
    case "WORKDIR":
      return { kind, ...span, path: rest };
    case "USER":
      return { kind, ...span, user: rest };
    case "STOPSIGNAL":
      return { kind, ...span, signal: rest };
    case "MAINTAINER":
      return { kind, ...span, name: rest };
  }
}
