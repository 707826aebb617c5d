import { messageOf, RuncibleError } from "../internal/errors";
import { nearestWord } from "../internal/nearest-word";
import type { Command, CommandContext } from "./command";
import { helpOf, overview } from "./help";
import { parseInput } from "./parse";

/** Runs the verb that the arguments name. Never throws: an error becomes one line and an exit code. */
export async function dispatch(
  commands: readonly Command[],
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
  if (rest.includes("--help") || rest.includes("-h")) {
    context.out(helpOf(command));
    return 0;
  }
  try {
    return await command.run(context, parseInput(command, rest));
  } catch (error) {
    context.err(`runcible: ${messageOf(error)}\n`);
    return exitCodeOf(error);
  }
}

function unknownVerb(commands: readonly Command[], context: CommandContext, verb: string): number {
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
