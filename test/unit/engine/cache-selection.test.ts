import { expect, test } from "vitest";
import { selectCache } from "../../../src/engine/builds/cache-selection";

const now = Date.parse("2026-01-02T00:00:00Z");
const hourMs = 3_600_000;

test.each([
  [{}, "used an hour ago and longer ago; mounts"],
  [{ until: ["2h"] }, "longer ago"],
  [{ "unused-for": ["2h"] }, "longer ago"],
  [{ until: ["2026-01-01T12:00:00Z"] }, "longer ago"],
  [{ until: ["30m"] }, "used an hour ago and longer ago"],
  [{ id: ["old"] }, "longer ago"],
  [{ type: ["regular"] }, "used an hour ago and longer ago"],
  [{ type: ["exec.cachemount"] }, "mounts"],
  [{ inuse: ["true"] }, "nothing"],
  [{ inuse: ["false"], private: ["1"] }, "used an hour ago and longer ago; mounts"],
  [{ shared: [""] }, "nothing"],
  [{ parent: ["x"] }, "nothing"],
  [{ label: ["x"] }, "used an hour ago and longer ago; mounts"],
])("a prune with %j takes %s", (filters, expected) => {
  const { takesStep, takesMounts } = selectCache(new Map(Object.entries(filters)), now);

  const steps = [
    ...(takesStep({ id: "new", usedAtMs: now - hourMs }) ? ["used an hour ago"] : []),
    ...(takesStep({ id: "old", usedAtMs: now - 24 * hourMs }) ? ["longer ago"] : []),
  ].join(" and ");
  expect([steps, ...(takesMounts ? ["mounts"] : [])].filter(Boolean).join("; ") || "nothing").toBe(expected);
});

test.each([
  [{ nosuch: ["1"] }, "Invalid filter 'nosuch'"],
  [{ until: ["bad"] }, "until"],
  [{ until: ["1h", "2h"] }, "only one value"],
])("a prune with %j is refused", (filters, message) => {
  expect(() => selectCache(new Map(Object.entries(filters)), now)).toThrow(message);
});
