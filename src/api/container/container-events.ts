import type { EngineClient } from "../../client/client";
import { hasCode } from "../../internal/errors";
import { getRuntime } from "../runtime/runtime";
import type { StartedTestContainer } from "./types";

/** Something that happened to a container. */
export interface ContainerEvent {
  /** In Docker's words: `start`, `die`, `oom`, `health_status: healthy`, … */
  readonly action: string;
  readonly time: Date;
  /** Of `die`, the exit code for example. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** What happens to a container from now on, until the reader stops. Does not keep the process alive by itself. */
export function containerEvents(engine: EngineClient, containerId: string): AsyncIterable<ContainerEvent> {
  const stop = new AbortController();
  const filters = new Map([
    ["type", ["container"]],
    ["container", [containerId]],
  ]);
  // Subscribed to at once: what happens before the first read is not lost.
  const subscription = engine.events.subscribe({ filters, signal: stop.signal });
  subscription.catch(() => {});
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const { Action, Actor, timeNano } of await subscription) {
          yield { action: Action, time: new Date(timeNano / 1e6), attributes: Actor.Attributes };
        }
      } catch (error) {
        if (!hasCode(error, "aborted") && !stop.signal.aborted) throw error;
      } finally {
        stop.abort();
      }
    },
  };
}

/** What happens to a container from now on, also to one that a class of the user's own stands for. */
export function eventsOf(container: StartedTestContainer): AsyncIterable<ContainerEvent> {
  return container.events?.() ?? eventsOfId(container.getId());
}

async function* eventsOfId(id: string): AsyncGenerator<ContainerEvent> {
  const { engine } = await getRuntime();
  yield* containerEvents(engine, id);
}
