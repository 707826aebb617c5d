import { parseArgs } from "node:util";
import { messageOf, RuncibleError } from "../internal/errors";
import type { Command, CommandInput, Flag, Flags } from "./command";

/** Splits what follows the verb into flags and arguments. Throws `invalid-argument` with the way to the verb's help. */
export function parseInput(command: Command, args: readonly string[]): CommandInput {
  const { values, positionals } = parseFlags(command.name, command.flags, args);
  const { min, max } = command.arguments;
  if (positionals.length < min || positionals.length > max) {
    const wanted = min === max ? `${min}` : `${min} to ${max}`;
    throw usageError(
      command.name,
      `it takes ${wanted} argument${wanted === "1" ? "" : "s"}, not ${positionals.length}`,
    );
  }
  return { flags: values, arguments: positionals };
}

/** Splits what follows the name of a group into the group's own flags and the verb with all that is the verb's. */
export function splitGroup(
  name: string,
  flags: readonly Flag[],
  args: readonly string[],
): { readonly flags: Flags; readonly rest: readonly string[] } {
  const takesValue = (arg: string): boolean =>
    flags.some(({ name: long, short, type }) => type === "string" && (arg === `--${long}` || arg === `-${short}`));
  let end = 0;
  while (end < args.length && args[end]?.startsWith("-")) end += takesValue(args[end] ?? "") ? 2 : 1;
  const own = args.slice(0, end).filter((arg) => arg !== "--help" && arg !== "-h");
  const help = args.slice(0, end).some((arg) => arg === "--help" || arg === "-h") ? ["--help"] : [];
  return { flags: parseFlags(name, flags, own).values, rest: [...help, ...args.slice(end)] };
}

function parseFlags(
  name: string,
  flags: readonly Flag[],
  args: readonly string[],
): { readonly values: Flags; readonly positionals: readonly string[] } {
  const options = Object.fromEntries(
    flags.map(({ name: long, type, short, isRepeatable = false }) => [
      long,
      { type, multiple: isRepeatable, ...(short === undefined ? {} : { short }) },
    ]),
  );
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    throw usageError(name, messageOf(cause), cause);
  }
}

function usageError(name: string, reason: string, cause?: unknown): RuncibleError {
  return new RuncibleError(
    "invalid-argument",
    `run ${name}: ${reason}; see "runcible ${name} --help"`,
    cause === undefined ? {} : { cause },
  );
}
