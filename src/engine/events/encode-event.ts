import type { EventJson } from "../../wire/event";
import type { EngineEvent } from "../routes/event-service";

/** One line of `GET /events`. Containers and images also have the keys that clients read before API 1.22. */
export function encodeEvent({ type, action, id, attributes, time }: EngineEvent): EventJson {
  const image = attributes["image"];
  const legacy = type === "container" || type === "image" ? { status: action, id } : {};
  return {
    ...legacy,
    ...(type === "container" && image !== undefined ? { from: image } : {}),
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    scope: "local",
    time: Number(time / 1_000_000_000n),
    timeNano: Number(time),
  };
}
