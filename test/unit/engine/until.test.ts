import { expect, test } from "vitest";
import { decodeUntil } from "../../../src/engine/until";

const now = Date.parse("2026-01-02T00:00:00Z");

test.each([
  ["24h", "2026-01-01T00:00:00Z"],
  ["1h30m", "2026-01-01T22:30:00Z"],
  ["2025-12-31", "2025-12-31T00:00:00Z"],
  ["2025-12-31T10:00:00", "2025-12-31T10:00:00Z"],
  ["2025-12-31T10:00:00+01:00", "2025-12-31T09:00:00Z"],
  ["1767225600", "2026-01-01T00:00:00Z"],
])("until=%s is %s", (text, expected) => {
  expect(decodeUntil(text, now)).toBe(Date.parse(expected));
});

test("what is no time is refused", () => {
  expect(() => decodeUntil("soon", now)).toThrow('invalid value "soon" for until');
});
