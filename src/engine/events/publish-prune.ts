import type { EventSink, EventType } from "../routes/event-service";

/** Tells that a prune is over, also one that found nothing. */
export function publishPrune(events: EventSink, type: EventType, reclaimedBytes: number): void {
  events.publish({ type, action: "prune", id: "", attributes: { reclaimed: String(reclaimedBytes) } });
}
