import { expect, test } from "vitest";
import { booleanFilter, type Filters, patternFilter } from "../../../src/wire/filters";

const filters = (key: string, ...values: readonly string[]): Filters => new Map([[key, values]]);

test.each([
  [[], undefined],
  [["1"], true],
  [["true"], true],
  [["0", "false"], false],
])("a switch of %j is %s", (values, expected) => {
  expect(booleanFilter(filters("dangling", ...values), "dangling")).toBe(expected);
});

test.each([[["x"]], [["True"]], [["true", "0"]]])("a switch of %j is refused in Docker's words", (values) => {
  expect(() => booleanFilter(filters("dangling", ...values), "dangling")).toThrow(
    expect.objectContaining({
      code: "invalid-argument",
      message: `Invalid filter 'dangling=[${values.join(" ")}]'`,
    }),
  );
});

test("names are regular expressions, found anywhere, of which one has to fit", () => {
  expect(["web", "web-1", "db", "cache"].filter(patternFilter(filters("name", "^web$", "ach"), "name"))).toEqual([
    "web",
    "cache",
  ]);
  expect(patternFilter(filters("other"), "name")("anything")).toBe(true);
  expect(() => patternFilter(filters("name", "["), "name")).toThrow("Invalid filter 'name=['");
});
