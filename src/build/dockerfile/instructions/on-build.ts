import type { Instruction } from "../instruction";
import { spanOf } from "../source-span";
import type { Statement } from "../statements";
import { syntaxError } from "../syntax-error";

/** `ONBUILD instruction`: kept as text, for the image that is built from this one. */
export function parseOnBuild(statement: Statement): Instruction {
  const keyword = statement.rest.split(/\s/, 1)[0]?.toUpperCase() ?? "";
  if (keyword === "") throw syntaxError(statement.line, "ONBUILD requires at least one argument");
  if (["ONBUILD", "FROM", "MAINTAINER"].includes(keyword)) {
    throw syntaxError(statement.line, `${keyword} isn't allowed as an ONBUILD trigger`);
  }
  const heredocs = statement.heredocs.map(({ name, content }) => `\n${content}${name}`).join("");
  return { kind: "ONBUILD", ...spanOf(statement), trigger: statement.rest + heredocs };
}
