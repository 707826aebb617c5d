import { commandOf } from "../command-form";
import { readFlags } from "../flags";
import type { RunInstruction } from "../instruction";
import { spanOf } from "../source-span";
import type { Statement } from "../statements";
import { syntaxError } from "../syntax-error";

/** `RUN [--mount=…] [--network=…] command` */
export function parseRun(statement: Statement): RunInstruction {
  const flags = readFlags(statement, ["mount", "network", "security", "device"]);
  const network = flags.text("network") ?? "default";
  if (network !== "default" && network !== "none" && network !== "host") {
    throw syntaxError(statement.line, `invalid network mode "${network}": use default, none or host`);
  }
  const security = flags.text("security") ?? "sandbox";
  if (security !== "sandbox") {
    throw syntaxError(
      statement.line,
      `security mode "${security}" is left out: a build gets no more rights than a container`,
    );
  }
  if (flags.rest === "") throw syntaxError(statement.line, "RUN requires at least one argument");
  return {
    kind: "RUN",
    ...spanOf(statement),
    command: commandOf(flags.rest, statement),
    heredocs: statement.heredocs,
    mounts: flags.texts("mount"),
    network,
  };
}
