import type { Filters } from "../../wire/filters";

export type EventType = "container" | "image" | "network" | "volume" | "builder" | "daemon";

/** What happened, to what. `attributes` of a container event are its labels, `image` and `name`. */
export interface EngineEvent {
  readonly type: EventType;
  /** `start`, `die`, `health_status: healthy`, `exec_create: sh -c true`, … */
  readonly action: string;
  readonly id: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
}

export interface EventService {
  /** Past events since `since` (as far as they are kept), then live ones until `until` or the signal. */
  subscribe(options: EventSubscription): AsyncIterable<EngineEvent>;
}

export interface EventSubscription {
  readonly since?: bigint;
  readonly until?: bigint;
  readonly filters: Filters;
  readonly signal: AbortSignal;
}

/** The other side: services tell what happened. Never throws, never waits for readers. */
export interface EventSink {
  publish(event: Omit<EngineEvent, "time">): void;
}
