import type { Variables } from "../dockerfile/expand";
import type { Instruction } from "../dockerfile/instruction";
import { commandWords, type StageConfig, shellOf } from "./run-config";

/** What the history says of a step that only changed the configuration, as Docker's classic builder writes it. */
export function configCreatedBy(instruction: Instruction, { config }: StageConfig): string {
  return `${shellOf(config).join(" ")} #(nop)  ${describe(instruction, config)}`;
}

/** A command, with the build arguments that it saw. */
export function runCreatedBy(words: readonly string[], args: Variables): string {
  const command = words.join(" ");
  if (args.size === 0) return command;
  const pairs = [...args].map(([name, value]) => `${name}=${value}`).sort();
  return `|${pairs.length} ${pairs.join(" ")} ${command}`;
}

/** Files are told by what they contain. */
export function copyCreatedBy(kind: "COPY" | "ADD", source: string, target: string, { config }: StageConfig): string {
  return `${shellOf(config).join(" ")} #(nop) ${kind} ${source} in ${target} `;
}

function describe(instruction: Instruction, config: StageConfig["config"]): string {
  switch (instruction.kind) {
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
