import { expect, test } from "vitest";
import { isAtLeast } from "../../../src/cli/doctor/finding";
import { enabledControllers } from "../../../src/cli/doctor/kernel";
import { splitImageName } from "../../../src/cli/image-name";
import { columns, formatAge, formatSize } from "../../../src/cli/table";

test.each([
  ["redis", { name: "redis", tag: "latest" }],
  ["redis:7-alpine", { name: "redis", tag: "7-alpine" }],
  ["localhost:5000/team/app", { name: "localhost:5000/team/app", tag: "latest" }],
  ["localhost:5000/team/app:1", { name: "localhost:5000/team/app", tag: "1" }],
  ["app:1@sha256:abc", { name: "app:1", tag: "sha256:abc" }],
])("the image name %s is split where its tag or digest begins", (text, parts) => {
  expect(splitImageName(text)).toEqual(parts);
});

test.each([
  ["20.20.2", "20.18", true],
  ["20.9.0", "20.18", false],
  ["5.9.0-13-amd64", "5.11", false],
  ["6.18.44-fc", "5.11", true],
  ["1.1", "1.1", true],
])("version %s compared with %s by numbers gives %s", (version, oldest, expected) => {
  expect(isAtLeast(version, oldest)).toBe(expected);
});

test("only controllers that the kernel has switched on count", () => {
  const text = "#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpu\t3\t5\t1\nmemory\t0\t1\t0\n";
  expect(enabledControllers(text)).toEqual(["cpu"]);
});

test("columns are as wide as their widest cell, without blanks at the end of a line", () => {
  expect(
    columns([
      ["NAME", "SIZE"],
      ["redis:7", "1MB"],
    ]),
  ).toEqual(["NAME      SIZE", "redis:7   1MB"]);
});

test.each([
  [0, "0B"],
  [999, "999B"],
  [1_500_000, "1.5MB"],
  [41_230_000_000, "41.2GB"],
])("%i bytes are written as %s", (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

test.each([
  [0, "0 seconds ago"],
  [61_000, "1 minute ago"],
  [7_300_000, "2 hours ago"],
])("an age of %i ms is written as %s", (age, text) => {
  expect(formatAge(1_000_000, 1_000_000 + age)).toBe(text);
});
