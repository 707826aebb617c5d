import type { Command } from "./command";
import { columns } from "./table";

/** The list of all verbs. */
export function overview(commands: readonly Command[]): string {
  return [
    "Usage:  runcible COMMAND [OPTIONS]",
    "",
    "Real, disposable services in containers for your tests",
    "",
    "Commands:",
    ...indented(commands.map(({ name, summary }) => [name, summary])),
    "",
    'Run "runcible COMMAND --help" for more information on a command.',
    "",
  ].join("\n");
}

/** Everything about one verb. */
export function helpOf(command: Command): string {
  const flags = [
    ...command.flags,
    { name: "help", short: "h", type: "boolean" as const, description: "Print usage" },
  ].map(({ name, short, type, description }) => [
    `${short === undefined ? "    " : `-${short}, `}--${name}${type === "string" ? " string" : ""}`,
    description,
  ]);
  const usage = `Usage:  runcible ${command.name} ${command.usage}`.trimEnd();
  return [usage, "", command.summary, "", "Options:", ...indented(flags), ""].join("\n");
}

function indented(rows: readonly (readonly string[])[]): string[] {
  return columns(rows).map((line) => `  ${line}`);
}
