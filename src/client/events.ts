import type { EventJson } from "../wire/event";
import { encodeFilters, type Filters, noFilters } from "../wire/filters";
import { readLines } from "./lines";
import type { Transport } from "./transport";

export interface EventsClient {
  /** Resolves once the daemon listens: what happens from then on is in the sequence, until the signal. */
  subscribe(options: { readonly filters?: Filters; readonly signal: AbortSignal }): Promise<AsyncIterable<EventJson>>;
}

export function createEventsClient(transport: Transport): EventsClient {
  return {
    subscribe: async ({ filters = noFilters, signal }) => {
      const answer = await transport.open("GET", "/events", {
        query: { filters: encodeFilters(filters) },
        keepsProcessAlive: false,
        signal,
      });
      return readEvents(readLines(answer));
    },
  };
}

async function* readEvents(lines: AsyncIterable<string>): AsyncGenerator<EventJson> {
  for await (const line of lines) {
    yield JSON.parse(line) as EventJson;
  }
}
