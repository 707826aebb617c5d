import { checkFilterKeys } from "../../wire/filters";
import type { EngineEvent, EventService, EventSink, EventSubscription } from "../routes/event-service";
import { createEventQueue, type EventQueue } from "./event-queue";
import { eventFilterKeys, matchesFilters } from "./matches-filters";

/** Past events that are kept for `since`. */
const historyLimit = 1000;

export interface EventHubOptions {
  /** Nanoseconds since 1970, never running backwards. */
  readonly now: () => bigint;
}

/** Spreads events: the last thousand are kept, subscribers get live ones each at its own pace. */
export function createEventHub({ now }: EventHubOptions): EventService & EventSink {
  const history: EngineEvent[] = [];
  const queues = new Set<EventQueue>();

  const publish: EventSink["publish"] = (event) => {
    const stamped = { ...event, time: now() };
    history.push(stamped);
    if (history.length > historyLimit) history.shift();
    for (const queue of queues) queue.push(stamped);
  };

  const subscribe = (options: EventSubscription): AsyncIterable<EngineEvent> => {
    checkFilterKeys(options.filters, eventFilterKeys);
    const { since, until, filters, signal } = options;
    const isWanted = (event: EngineEvent): boolean =>
      (until === undefined || event.time <= until) && matchesFilters(event, filters);
    // Registered here, not at the first pull: what happens in between must not be missed.
    const past = since === undefined ? [] : history.filter((event) => event.time >= since && isWanted(event));
    const remainingMs = until === undefined ? undefined : Number((until - now()) / 1_000_000n);
    const queue = createEventQueue({
      accepts: isWanted,
      signal,
      ...(remainingMs === undefined ? {} : { remainingMs }),
    });
    queues.add(queue);
    return replay(past, queue, () => queues.delete(queue));
  };
  return { publish, subscribe };
}

async function* replay(
  past: readonly EngineEvent[],
  live: EventQueue,
  release: () => void,
): AsyncGenerator<EngineEvent, void> {
  try {
    yield* past;
    for (let event = await live.next(); event !== undefined; event = await live.next()) yield event;
  } finally {
    live.close();
    release();
  }
}
