import type { Command, CommandGroup, Flag } from "./command";
import { columns } from "./table";

/** The list of all verbs. */
export function overview(commands: readonly { readonly name: string; readonly summary: string }[]): string {
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
  const usage = `Usage:  runcible ${command.name} ${command.usage}`.trimEnd();
  return [usage, "", command.summary, "", "Options:", ...flagLines(command.flags), ""].join("\n");
}

/** Everything about a group, and the list of its verbs. */
export function helpOfGroup(group: CommandGroup, commands: readonly Command[]): string {
  return [
    `Usage:  runcible ${group.name} ${group.usage}`,
    "",
    group.summary,
    "",
    "Options:",
    ...flagLines(group.flags),
    "",
    "Commands:",
    ...indented(commands.map(({ name, summary }) => [name.slice(group.name.length + 1), summary])),
    "",
  ].join("\n");
}

function flagLines(flags: readonly Flag[]): readonly string[] {
  const help: Flag = { name: "help", short: "h", type: "boolean", description: "Print usage" };
  return indented(
    [...flags, help].map(({ name, short, type, description }) => [
      `${short === undefined ? "    " : `-${short}, `}--${name}${type === "string" ? " string" : ""}`,
      description,
    ]),
  );
}

function indented(rows: readonly (readonly string[])[]): string[] {
  return columns(rows).map((line) => `  ${line}`);
}
