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

/** The known word that a mistyped one is nearest to, if it is near at all. */
export function nearestWord(typed: string, known: readonly string[]): string | undefined {
  const ranked = known
    .map((word) => ({ word, distance: editDistance(typed, word) }))
    .sort((left, right) => left.distance - right.distance);
  const best = ranked[0];
  return best !== undefined && best.distance <= Math.max(1, Math.floor(typed.length / 3)) ? best.word : undefined;
}

function editDistance(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (const [index, letter] of [...left].entries()) {
    const next = [index + 1];
    for (const [column, other] of [...right].entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
