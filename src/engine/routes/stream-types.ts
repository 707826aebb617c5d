import type { Readable } from "node:stream";

/** A piece of what a process wrote. With a terminal everything is `stdout`. */
export interface OutputChunk {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

/**
 * The near end of an attached process. The consumer pulls `output`; not pulling is backpressure. Leaving the loop early
 * (`return`) detaches. `output` ends when the process has ended and both its streams are drained.
 */
export interface AttachedProcess {
  readonly isTty: boolean;
  readonly output: AsyncIterable<OutputChunk>;
}

/** What a client sends: ends on its half-close, is destroyed when the connection breaks. */
export type ClientInput = Readable;

export interface TerminalSize {
  readonly rows: number;
  readonly columns: number;
}
