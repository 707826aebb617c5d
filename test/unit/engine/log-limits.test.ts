import { expect, test } from "vitest";
import { logLimitsOf } from "../../../src/engine/containers/log-limits";

const limitsOf = (options: Readonly<Record<string, string>>) => logLimitsOf({ driver: "json-file", options });

test.each([
  ["10k", 10_000],
  ["1.5m", 1_500_000],
  ["2 GB", 2_000_000_000],
  ["300", 300],
])("max-size %s is %d bytes, as Docker reads it", (text, bytes) => {
  expect(limitsOf({ "max-size": text, "max-file": "3" })).toEqual({ maxBytes: bytes, maxFiles: 3 });
});

test("without options there is one file", () => {
  expect(limitsOf({})).toMatchObject({ maxFiles: 1 });
});

test.each([{ "max-size": "0" }, { "max-size": "much" }, { "max-file": "0" }])("%j is refused", (options) => {
  expect(() => limitsOf(options)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});
