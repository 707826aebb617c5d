import { decodeFilters } from "../../wire/filters";
import { decodeTime } from "../../wire/query-values";
import { encodeEvent } from "../events/encode-event";
import { defined } from "../http/json-fields";
import type { Reply } from "../http/reply";
import type { EngineRequest, Route } from "../http/request";
import type { EngineEvent, EventService } from "./event-service";

export function eventRoutes(events: EventService): readonly Route[] {
  return [{ method: "GET", pattern: "/events", handler: (request) => subscribe(events, request) }];
}

function subscribe(events: EventService, { query, signal }: EngineRequest): Reply {
  // Elsewhere 0 is no time at all; here it is the oldest that is kept.
  const since = query.get("since") === "0" ? 0n : decodeTime(query.get("since"), "since");
  const until = decodeTime(query.get("until"), "until");
  const filters = decodeFilters(query.get("filters"));
  return { kind: "lines", items: encoded(events.subscribe({ ...defined({ since, until }), filters, signal })) };
}

async function* encoded(events: AsyncIterable<EngineEvent>): AsyncGenerator<object> {
  for await (const event of events) yield encodeEvent(event);
}
