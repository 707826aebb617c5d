import { setTimeout as delay } from "node:timers/promises";
import type { EngineClient } from "../../client/client";
import { deferred } from "../../internal/deferred";
import { hasCode, RuncibleError } from "../../internal/errors";
import { longestTimerMs } from "../../internal/longest-timer";

export type DescribeTimeout = () => string | Promise<string>;

export interface WaitLimits {
  readonly engine: EngineClient;
  readonly containerId: string;
  readonly timeoutMs: number;
  /** Message of the error when the time is over, with what was seen last. */
  readonly describeTimeout: DescribeTimeout;
}

/**
 * Does `work` until it is done, the time is over (`wait-timeout`) or the container ends (`container-exited`, at once).
 * The signal given to `work` is aborted in any case, so that nothing goes on in the background.
 */
export async function waitWithContainer(
  { engine, containerId, timeoutMs, describeTimeout }: WaitLimits,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const timer = timeLimit(timeoutMs, describeTimeout);
  try {
    const done = betweenEnds(work, stop.signal);
    await Promise.race([done, timer.over, containerEnd(engine, containerId, stop.signal)]);
  } finally {
    timer.clear();
    stop.abort();
  }
}

const pauseMs = 100;

/** What finds the container ended begins anew: whether it ended for good, and how, is for `containerEnd` to say. */
async function betweenEnds(work: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      return await work(signal);
    } catch (error) {
      if (signal.aborted || !hasCode(error, "container-not-running")) throw error;
      await delay(pauseMs, undefined, { signal }).catch(() => {});
    }
  }
}

/** As above for what outlives the container: one-shot commands, log lines. */
export async function waitLimited(
  timeoutMs: number,
  describeTimeout: DescribeTimeout,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const timer = timeLimit(timeoutMs, describeTimeout);
  try {
    await Promise.race([work(stop.signal), timer.over]);
  } finally {
    timer.clear();
    stop.abort();
  }
}

/** Tries again at an interval; ends silently once nobody waits any more. */
export async function poll(
  signal: AbortSignal,
  intervalMs: number,
  isDone: (signal: AbortSignal) => Promise<boolean>,
): Promise<void> {
  while (!signal.aborted) {
    try {
      if (await isDone(signal)) return;
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    await delay(intervalMs, undefined, { signal }).catch(() => {});
  }
}

/**
 * Rejects when the container has ended for good; a restart policy's next run is no end. Resolves after the signal, when
 * nobody waits any more: a promise that never settles is a leak to those who look for some.
 */
export async function containerEnd(engine: EngineClient, id: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { StatusCode } = await engine.containers.wait(id, signal).catch(ifAborted(signal));
    if (signal.aborted) return;
    const { State } = await engine.containers.inspect(id);
    if (!State.Running && !State.Restarting) throw containerExited(State.OOMKilled, StatusCode);
    await delay(pauseMs, undefined, { signal }).catch(() => {});
  }
}

export function containerExited(isOutOfMemory: boolean, exitCode: number): RuncibleError {
  // The engine, which may notice first, says the same.
  const how = isOutOfMemory ? "was killed: out of memory" : `exited with code ${exitCode}`;
  return new RuncibleError("container-exited", `container ${how} before it was ready`, {
    evidence: { exitCode, isOutOfMemory },
  });
}

function ifAborted(signal: AbortSignal): (error: unknown) => { StatusCode: number } {
  return (error) => {
    if (signal.aborted) return { StatusCode: 0 };
    throw error;
  };
}

function timeLimit(timeoutMs: number, describe: DescribeTimeout): { readonly over: Promise<void>; clear(): void } {
  const { promise: over, resolve, reject } = deferred();
  const end = async (): Promise<void> => reject(new RuncibleError("wait-timeout", await describe()));
  const timer = setTimeout(() => void end().catch(reject), Math.min(timeoutMs, longestTimerMs));
  const clear = (): void => {
    clearTimeout(timer);
    resolve();
  };
  return { over, clear };
}
