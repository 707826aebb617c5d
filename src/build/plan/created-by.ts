import type { Variables } from "../dockerfile/expand";
import type { Instruction } from "../dockerfile/instruction";
import { commandWords, type StageConfig, shellOf } from "./run-config";

/**
 * What the history says of a step that only changed the configuration, as Docker's classic builder writes it. `expand`
 * puts variables in, as they were before the step.
 */
export function configCreatedBy(
  instruction: Instruction,
  { config }: StageConfig,
  expand: (text: string) => string,
): string {
  // One blank before WORKDIR and two before the others are Docker's.
  const gap = instruction.kind === "WORKDIR" ? " " : "  ";
  return `${shellOf(config).join(" ")} #(nop)${gap}${describe(instruction, config, expand)}`;
}

/** A command, with the build arguments that it saw. */
export function runCreatedBy(words: readonly string[], args: Variables): string {
  const command = words.join(" ");
  if (args.size === 0) return command;
  const pairs = [...args].map(([name, value]) => `${name}=${value}`).sort();
  return `|${pairs.length} ${pairs.join(" ")} ${command}`;
}

/** Files are told by what they contain; the target is as it was written, variables put in. */
export function copyCreatedBy(kind: "COPY" | "ADD", source: string, target: string, { config }: StageConfig): string {
  return `${shellOf(config).join(" ")} #(nop) ${kind} ${source} in ${target} `;
}

function describe(instruction: Instruction, config: StageConfig["config"], expand: (text: string) => string): string {
  switch (instruction.kind) {
    case "ENV":
    case "LABEL":
      return [instruction.kind, ...instruction.pairs.map(([name, value]) => `${expand(name)}=${expand(value)}`)].join(
        " ",
      );
    case "ARG":
      // The default, also where the client gave another value.
      return [
        "ARG",
        ...instruction.args.map(({ name, value }) => (value === undefined ? name : `${name}=${expand(value)}`)),
      ].join(" ");
    case "EXPOSE":
      return ["EXPOSE", ...[...instruction.ports].sort().map(expand)].join(" ");
    case "VOLUME":
      return `VOLUME [${instruction.paths.map(expand).join(" ")}]`;
    case "STOPSIGNAL":
      return `STOPSIGNAL ${expand(instruction.signal)}`;
    case "CMD":
    case "ENTRYPOINT":
      return `${instruction.kind} [${commandWords(instruction.command, config).map(quote).join(" ")}]`;
    case "WORKDIR":
      return `WORKDIR ${config.WorkingDir ?? "/"}`;
    case "USER":
      return `USER ${config.User ?? ""}`;
    case "SHELL":
      return `SHELL [${instruction.shell.join(" ")}]`;
    default:
      return instruction.text;
  }
}

function quote(word: string): string {
  return JSON.stringify(word);
}
