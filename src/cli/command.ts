import type { Readable, Writable } from "node:stream";
import type { EngineClient } from "../client/client";

/** What a verb may touch of the outside world; tests hand in their own. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Relative paths of arguments start from it. */
  readonly workingFolder: string;
  /** What comes in and goes out as bytes. */
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  /**
   * The daemon to talk to, started if need be. `own`: this user's engine, whatever is named. The caller of the verb
   * closes it.
   */
  connect(options?: { readonly own: boolean }): Promise<EngineClient>;
}

/** One verb of the command line. */
export interface Command {
  readonly name: string;
  /** One line, for the list of all verbs. */
  readonly summary: string;
  /** What comes after the verb: `[OPTIONS] IMAGE`. */
  readonly usage: string;
  readonly flags: readonly Flag[];
  /** Number of arguments that are no flags. */
  readonly arguments: { readonly min: number; readonly max: number };
  /** Resolves with the exit code. Throws `RuncibleError`. */
  run(context: CommandContext, input: CommandInput): Promise<number>;
}

/** Verbs that share a word before them, and flags between the two: `runcible compose -f FILE up`. */
export interface CommandGroup {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  readonly flags: readonly Flag[];
  /** The verbs, made for flags that were given. */
  commands(flags: Flags): readonly Command[];
}

export interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly type: "boolean" | "string";
  readonly description: string;
  /** May be given several times; the values come as a list. */
  readonly isRepeatable?: boolean;
}

export type Flags = Readonly<Record<string, string | boolean | readonly (string | boolean)[] | undefined>>;

export interface CommandInput {
  readonly flags: Flags;
  readonly arguments: readonly string[];
}
