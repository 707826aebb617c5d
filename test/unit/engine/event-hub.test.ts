import { expect, test } from "vitest";
import { createEventHub } from "../../../src/engine/events/event-hub";
import { decodeFilters, noFilters } from "../../../src/wire/filters";

function hubWithClock(): ReturnType<typeof createEventHub> {
  let time = 0n;
  return createEventHub({
    now: () => {
      time += 1n;
      return time;
    },
  });
}

const start = { type: "container", action: "start", id: "c1", attributes: { name: "web", image: "bb" } } as const;

test("a subscriber gets past events since a time, then live ones until its signal", async () => {
  const hub = hubWithClock();
  const { signal, abort } = abortable();
  hub.publish(start);
  hub.publish({ ...start, action: "die" });
  const actions: string[] = [];
  const events = hub.subscribe({ since: 2n, filters: noFilters, signal });
  hub.publish({ ...start, action: "destroy" });
  for await (const { action } of events) {
    actions.push(action);
    if (action === "destroy") abort();
  }
  expect(actions).toEqual(["die", "destroy"]);
});

test("a time that has passed ends the subscription after the replay", async () => {
  const hub = hubWithClock();
  hub.publish(start);
  hub.publish({ ...start, action: "die" });
  const found = [];
  const { signal } = abortable();
  for await (const event of hub.subscribe({ since: 1n, until: 1n, filters: noFilters, signal })) found.push(event);
  expect(found).toHaveLength(1);
});

test("filters choose by type, by action prefix and by name", async () => {
  const hub = hubWithClock();
  hub.publish({ type: "network", action: "create", id: "n1", attributes: {} });
  hub.publish({ ...start, action: "exec_create: sh" });
  hub.publish({ ...start, action: "exec_create: sh", id: "c2", attributes: { name: "other" } });
  const filters = decodeFilters('{"event":["exec_create"],"container":{"web":true}}');
  const found = [];
  const { signal } = abortable();
  for await (const event of hub.subscribe({ since: 1n, until: 1n << 20n, filters, signal })) {
    found.push(event.id);
    break;
  }
  expect(found).toEqual(["c1"]);
});

test("an unknown filter is refused at once", () => {
  const { signal } = abortable();
  const filters = decodeFilters('{"colour":["red"]}');
  expect(() => hubWithClock().subscribe({ filters, signal })).toThrow("Invalid filter 'colour'");
});

function abortable(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
