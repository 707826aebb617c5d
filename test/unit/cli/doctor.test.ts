import { describe, expect, test } from "vitest";
import { appArmorOutcome } from "../../../src/cli/doctor/app-armor";
import { canRun, type Finding, found, missing, optional } from "../../../src/cli/doctor/finding";
import { examineKernel } from "../../../src/cli/doctor/kernel";

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

test("root needs a newer kernel than an ordinary user", async () => {
  const answers = (way: "root" | "user") =>
    Promise.all(
      ["5.10.9", "5.11.0", "5.12.0-rc1"].map(async (version) => (await examineKernel({ way }, version)).state),
    );
  expect(await answers("root")).toEqual(["missing", "missing", "found"]);
  expect(await answers("user")).toEqual(["missing", "found", "found"]);
});

describe("AppArmor", () => {
  const well = { isOn: true, mayLoad: true, hasParser: true };

  test("is found where the engine can load its profile", () => {
    expect(appArmorOutcome(well)).toEqual({ state: "found", detail: expect.stringMatching(/^on;/) });
  });

  test.each([
    ["is off", { ...well, isOn: false }, "apparmor=1 security=apparmor"],
    ["lacks its parser", { ...well, hasParser: false }, "sudo apt-get install apparmor"],
    ["cannot be told a profile", { ...well, mayLoad: false }, "sudo mount -t securityfs securityfs"],
  ])("that %s keeps no container from running, and says what mends it", (_what, facts, remedy) => {
    expect(appArmorOutcome(facts)).toMatchObject({ state: "optional", remedy: expect.stringContaining(remedy) });
  });

  test("that the kernel was built without has nothing to mend", () => {
    expect(appArmorOutcome({ ...well, isOn: undefined })).toEqual({
      state: "optional",
      detail: expect.stringContaining("not in this kernel"),
    });
  });
});
