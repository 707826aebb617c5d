import { expect, test } from "vitest";
import { canRun, type Finding, found, missing, optional } from "../../../src/cli/doctor/finding";

const finding = (outcome: ReturnType<typeof found>, ways: Finding["ways"]): Finding => ({
  ...outcome,
  name: "thing",
  why: "it is needed",
  ways,
});

test("what only the other way of running needs does not count", () => {
  const findings = [finding(found("1.0"), ["root", "user"]), finding(missing("none", "run: x"), ["user"])];
  expect(canRun(findings, { way: "root" })).toBe(true);
  expect(canRun(findings, { way: "user" })).toBe(false);
});

test("what is optional does not count", () => {
  expect(canRun([finding(optional("none", "run: x"), ["root", "user"])], { way: "user" })).toBe(true);
});
