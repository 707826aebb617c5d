import { type Filters, matchesAny, matchesLabels } from "../../wire/filters";
import type { EngineEvent, EventType } from "../routes/event-service";

/** Keys that `GET /events` knows. */
export const eventFilterKeys: readonly string[] =
  "container daemon event image label label! network scope type volume".split(" ");

/** Whether somebody who asked with these filters wants the event. */
export function matchesFilters(event: EngineEvent, filters: Filters): boolean {
  return (
    matchesLabels(event.attributes, filters) &&
    matchesAny(filters, "type", (type) => event.type === type) &&
    matchesAny(filters, "event", (action) => isAction(event.action, action)) &&
    matchesAny(filters, "scope", (scope) => scope === "local") &&
    isAbout(event, filters, "container") &&
    isAbout(event, filters, "network") &&
    isAbout(event, filters, "volume") &&
    isAbout(event, filters, "daemon") &&
    matchesAny(filters, "image", (image) => isImage(event, image))
  );
}

/** `exec_start` means `exec_start: sh -c true` too, `health_status` any of them. */
function isAction(action: string, wanted: string): boolean {
  return action === wanted || action.startsWith(`${wanted}:`);
}

/** By name, id or the beginning of an id. A network event names its container as an attribute. */
function isAbout({ type, id, attributes }: EngineEvent, filters: Filters, wanted: EventType): boolean {
  return matchesAny(
    filters,
    wanted,
    (ref) => type === wanted && (id.startsWith(ref) || attributes["name"] === ref.replace(/^\//, "")),
  );
}

function isImage({ type, id, attributes }: EngineEvent, wanted: string): boolean {
  const name = type === "image" ? (attributes["name"] ?? id) : attributes["image"];
  return id === wanted || name === wanted || name?.replace(/:[^/]*$/, "") === wanted;
}
