import type { EngineClient } from "../client/client";

/** What a verb may touch of the outside world; tests hand in their own. */
export interface CommandContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** The daemon to talk to, started if need be. The caller of the verb closes it. */
  connect(): Promise<EngineClient>;
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

export interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly type: "boolean" | "string";
  readonly description: string;
}

export interface CommandInput {
  readonly flags: Readonly<Record<string, string | boolean | undefined>>;
  readonly arguments: readonly string[];
}
