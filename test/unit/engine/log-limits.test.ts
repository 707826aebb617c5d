import { expect, test } from "vitest";
import { checkLogs, logLimitsOf } from "../../../src/engine/containers/log-limits";

const limitsOf = (options: Readonly<Record<string, string>>) => logLimitsOf({ driver: "json-file", options });

test.each([
  ["10k", 10_000],
  ["1.5m", 1_500_000],
  ["2 GB", 2_000_000_000],
  ["300", 300],
])("max-size %s is %d bytes, as Docker reads it", (text, bytes) => {
  expect(limitsOf({ "max-size": text, "max-file": "3" })).toEqual({ maxBytes: bytes, maxFiles: 3 });
});

test("with a size alone there is one file, as in Docker", () => {
  expect(limitsOf({ "max-size": "1m" })).toEqual({ maxBytes: 1_000_000, maxFiles: 1 });
});

test.each([{}, { "max-size": "-1" }])("%j keeps a gigabyte, and loses little of it at once", (options) => {
  expect(limitsOf(options)).toEqual({ maxBytes: 50_000_000, maxFiles: 20 });
});

test.each([{ "max-size": "0" }, { "max-size": "much" }, { "max-file": "0" }])("%j is refused", (options) => {
  expect(() => limitsOf(options)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
});

test("a log waits for its disk or does not; another mode is refused in Docker's words", () => {
  const check = (mode: string) => () => checkLogs({ driver: "json-file", options: { mode } });
  expect(check("non-blocking")).not.toThrow();
  expect(check("sometimes")).toThrow("logger: logging mode not supported: sometimes");
});
