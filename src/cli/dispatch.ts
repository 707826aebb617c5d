import { messageOf, RuncibleError } from "../internal/errors";
import { nearestWord } from "../internal/nearest-word";
import type { Command, CommandContext, CommandGroup } from "./command";
import { helpOf, helpOfGroup, overview } from "./help";
import { parseInput, splitGroup } from "./parse";

/** Runs the verb that the arguments name. Never throws: an error becomes one line and an exit code. */
export async function dispatch(
  commands: readonly (Command | CommandGroup)[],
  context: CommandContext,
  args: readonly string[],
): Promise<number> {
  const [verb, ...rest] = args;
  if (verb === undefined || verb === "help" || verb === "--help" || verb === "-h") {
    context.out(overview(commands));
    return 0;
  }
  const name = verb === "--version" || verb === "-v" ? "version" : verb;
  const command = commands.find((known) => known.name === name);
  if (command === undefined) return unknownVerb(commands, context, verb);
  try {
    if ("commands" in command) return await dispatchGroup(command, context, rest);
    return await runCommand(command, context, rest);
  } catch (error) {
    context.err(`runcible: ${messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

async function dispatchGroup(group: CommandGroup, context: CommandContext, args: readonly string[]): Promise<number> {
  const { flags, rest } = splitGroup(group.name, group.flags, args);
  const commands = group.commands(flags).map((command) => ({ ...command, name: `${group.name} ${command.name}` }));
  const [verb, ...verbArgs] = rest;
  if (verb === undefined || verb === "help" || verb === "--help" || verb === "-h") {
    context.out(helpOfGroup(group, commands));
    return 0;
  }
  const command = commands.find(({ name }) => name === `${group.name} ${verb}`);
  if (command === undefined) return unknownVerb(commands, context, `${group.name} ${verb}`);
  return runCommand(command, context, verbArgs);
}

async function runCommand(command: Command, context: CommandContext, args: readonly string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    context.out(helpOf(command));
    return 0;
  }
  return command.run(context, parseInput(command, args));
}

function unknownVerb(commands: readonly { readonly name: string }[], context: CommandContext, verb: string): number {
  const nearest = nearestWord(
    verb,
    commands.map(({ name }) => name),
  );
  const hint = nearest === undefined ? 'see "runcible --help"' : `did you mean "${nearest}"?`;
  context.err(`runcible: "${verb}" is no command; ${hint}\n`);
  return usageExitCode;
}

const usageExitCode = 2;

/** What the caller got wrong is 2, as with most programs; everything else is 1. */
function exitCodeOf(error: unknown): number {
  return error instanceof RuncibleError && error.kind === "invalid" ? usageExitCode : 1;
}
