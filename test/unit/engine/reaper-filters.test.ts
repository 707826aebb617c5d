import { expect, test } from "vitest";
import { parseFilters } from "../../../src/engine/reaper/reap";

test("labels with a value are what a reaper is told to look for", () => {
  const filters = parseFilters("label=org.testcontainers=true&label=org.testcontainers.session-id=a%20b\r\n");

  expect([...filters]).toEqual([["label", ["org.testcontainers=true", "org.testcontainers.session-id=a b"]]]);
});

test.for(["", "malformed", "dangling=true", "name=a", "label=a", "label==b", "label=a=", "label=a=b&name=c"])(
  "a reaper takes nothing of %j, which could fit what is not its client's",
  (line) => {
    expect(parseFilters(line).size).toBe(0);
  },
);
