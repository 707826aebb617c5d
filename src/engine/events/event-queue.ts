import { longestTimerMs } from "../../internal/longest-timer";
import type { EngineEvent } from "../routes/event-service";

/** The events one subscriber has not read yet. */
export interface EventQueue {
  push(event: EngineEvent): void;
  /** Undefined at the end: closed, aborted, or time is up. */
  next(): Promise<EngineEvent | undefined>;
  close(): void;
}

export interface EventQueueOptions {
  readonly accepts: (event: EngineEvent) => boolean;
  readonly signal: AbortSignal;
  /** Milliseconds until the queue closes by itself; not positive: now. Absent: never. */
  readonly remainingMs?: number;
}

/** A subscriber that lags further behind is cut off: better an end that it sees than a hole that it does not. */
const lagLimit = 10_000;
export function createEventQueue({ accepts, signal, remainingMs }: EventQueueOptions): EventQueue {
  const waiting: EngineEvent[] = [];
  let isClosed = false;
  let wake = (): void => {};

  const close = (): void => {
    isClosed = true;
    signal.removeEventListener("abort", close);
    clearTimeout(timer);
    wake();
  };
  const timer =
    remainingMs === undefined ? undefined : setTimeout(close, Math.min(Math.max(remainingMs, 0), longestTimerMs));
  timer?.unref();
  signal.addEventListener("abort", close, { once: true });
  if (signal.aborted || (remainingMs !== undefined && remainingMs <= 0)) close();

  const push = (event: EngineEvent): void => {
    if (isClosed || !accepts(event)) return;
    waiting.push(event);
    if (waiting.length > lagLimit) close();
    wake();
  };
  const next = async (): Promise<EngineEvent | undefined> => {
    while (waiting.length === 0 && !isClosed) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return waiting.shift();
  };
  return { push, next, close };
}
