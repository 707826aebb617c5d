import { once } from "node:events";
import type { Writable } from "node:stream";
import type { ClientInput } from "../routes/stream-types";
import { createKeyWatch } from "./key-watch";

export interface InputOptions {
  /** Bytes that detach the client from a terminal. Absent: everything is passed on. */
  readonly detachKeys?: Uint8Array;
  /** The client is gone. */
  readonly signal: AbortSignal;
}

/**
 * Carries what a client sends into a process: until it ends, or the client types the keys that detach it, or the
 * process takes no more. Leaves both open. Throws when the client breaks off.
 */
export async function carryInput(
  input: ClientInput,
  stdin: Writable,
  { detachKeys, signal }: InputOptions,
): Promise<"ended" | "detached"> {
  const watch = detachKeys === undefined ? undefined : createKeyWatch(detachKeys);
  const pass = async (bytes: Uint8Array): Promise<void> => {
    if (bytes.length > 0 && !stdin.write(bytes)) await once(stdin, "drain", { signal });
  };
  // Destroyed when the loop is left, the input would take the connection along before its end is written.
  for await (const chunk of input.iterator({ destroyOnReturn: false })) {
    if (stdin.destroyed) return "ended";
    const { passed, isTyped } = watch?.next(chunk) ?? { passed: chunk, isTyped: false };
    await pass(passed);
    if (isTyped) return "detached";
  }
  if (watch !== undefined && !stdin.destroyed) await pass(watch.held());
  return "ended";
}
