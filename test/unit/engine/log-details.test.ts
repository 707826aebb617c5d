import { expect, test } from "vitest";
import { logDetails } from "../../../src/engine/routes/log-details";

const labels = { a: "1 (x)", b: "2", c: "3" };
const environment = ["E=4=5", "F", "PATH=/bin"];

test.each([
  [{}, ""],
  [{ labels: "b,a,nosuch" }, "a=1+%28x%29,b=2"],
  [{ env: "E,F" }, "E=4%3D5,F="],
  [{ labels: "c", env: "PATH", "max-size": "1k" }, "PATH=%2Fbin,c=3"],
])("details of a line with the log options %j", (options, details) => {
  const view = { spec: { logs: { driver: "json-file", options } }, config: { labels, environment } };

  expect(logDetails(view as unknown as Parameters<typeof logDetails>[0])).toBe(details);
});
