import { parseArgs } from "node:util";
import { messageOf, RuncibleError } from "../internal/errors";
import type { Command, CommandInput } from "./command";

/** Splits what follows the verb into flags and arguments. Throws `invalid-argument` with the way to the verb's help. */
export function parseInput(command: Command, args: readonly string[]): CommandInput {
  const { values, positionals } = parseFlags(command, args);
  const { min, max } = command.arguments;
  if (positionals.length < min || positionals.length > max) {
    const wanted = min === max ? `${min}` : `${min} to ${max}`;
    throw usageError(command, `it takes ${wanted} argument${wanted === "1" ? "" : "s"}, not ${positionals.length}`);
  }
  return { flags: values, arguments: positionals };
}

function parseFlags(
  command: Command,
  args: readonly string[],
): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  const options = Object.fromEntries(
    command.flags.map(({ name, type, short }) => [name, short === undefined ? { type } : { type, short }]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    throw usageError(command, messageOf(cause), cause);
  }
}

function usageError(command: Command, reason: string, cause?: unknown): RuncibleError {
  return new RuncibleError(
    "invalid-argument",
    `run ${command.name}: ${reason}; see "runcible ${command.name} --help"`,
    cause === undefined ? {} : { cause },
  );
}
