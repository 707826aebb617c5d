import { setMaxListeners } from "node:events";
import { RuncibleError } from "../../internal/errors";
import type { Operation } from "../plan/operation";
import type { OnComposeEvent } from "./compose-event";

/** Does one action. The signal is raised when another one failed. */
export type Perform = (action: Operation["action"], signal: AbortSignal) => Promise<void>;

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Go on after a failure: what is taken away need not be complete. */
  readonly goesOn?: boolean;
}

/**
 * Walks a plan: every step begins as soon as those it waits for are done. After a failure no further step begins, waits
 * are broken off, and what is under way is waited for; then the first error is thrown.
 */
export async function runOperations(
  operations: readonly Operation[],
  perform: Perform,
  onEvent: OnComposeEvent,
  { signal: outerSignal, goesOn = false }: RunOptions = {},
): Promise<void> {
  const stop = new AbortController();
  const signal = outerSignal === undefined ? stop.signal : AbortSignal.any([outerSignal, stop.signal]);
  // As many listen as there are steps under way, and that is no leak which Node should warn of.
  setMaxListeners(0, signal);
  const failures: unknown[] = [];
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  const running = new Map<string, Promise<void>>();

  const runOne = async ({ after, action }: Operation): Promise<void> => {
    await Promise.all(after.map(run));
    if (signal.aborted) return;
    onEvent({ kind: "begin", action });
    try {
      await perform(action, signal);
      onEvent({ kind: "done", action });
    } catch (error) {
      // Broken off because of another failure: that one is the error.
      if (!signal.aborted) onEvent({ kind: "failed", action });
      failures.push(error);
      if (!goesOn) stop.abort();
    }
  };
  const run = (id: string): Promise<void> => {
    const operation = byId.get(id);
    if (operation === undefined) return Promise.resolve();
    const known = running.get(id);
    if (known !== undefined) return known;
    const promise = runOne(operation);
    running.set(id, promise);
    return promise;
  };

  await Promise.all(operations.map(({ id }) => run(id)));
  if (outerSignal?.aborted)
    throw new RuncibleError("aborted", "run compose project: cancelled", { cause: failures[0] });
  if (failures.length > 0) throw failures[0];
}
