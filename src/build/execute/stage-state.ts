import { posix } from "node:path";
import type { Variables } from "../dockerfile/expand";
import type { StageConfig } from "../plan/run-config";
import { variablesIn } from "../plan/variables-in";
import type { Snapshot } from "./snapshot";
import type { StageOutput } from "./stage-output";

/** A stage between two of its steps. */
export interface Stage {
  /** In the file. */
  readonly index: number;
  readonly snapshot: Snapshot;
  readonly config: StageConfig;
  /** Of the ARGs so far, those that have a value. */
  readonly args: Variables;
  readonly output: StageOutput;
}

/** What `$name` means in a stage: ENV wins over ARG. */
export function variablesOf({ args, config }: Stage): Variables {
  return new Map([...args, ...variablesIn(config.config)]);
}

/** A path of an instruction, in the working folder; a slash at its end stays. */
export function inFolder({ config }: Stage, path: string): string {
  const absolute = posix.resolve(config.config.WorkingDir || "/", path);
  return /(^|\/)\.?$/.test(path) && absolute !== "/" ? `${absolute}/` : absolute;
}
