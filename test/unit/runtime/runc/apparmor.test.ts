import { expect, test } from "vitest";
import { profileOf } from "../../../../src/runtime/runc/apparmor";

const own = { isEnabled: true, profile: "own" };
const plain = { appArmor: undefined, isPrivileged: false };

test("a container has the engine's profile, another by its name, or none", () => {
  expect(profileOf(own, plain)).toBe("own");
  expect(profileOf(own, { ...plain, appArmor: "mine" })).toBe("mine");
  expect(profileOf(own, { ...plain, appArmor: "unconfined" })).toBeUndefined();
});

test("a privileged one has none but by its name, as with Docker", () => {
  expect(profileOf(own, { ...plain, isPrivileged: true })).toBeUndefined();
  expect(profileOf(own, { appArmor: "mine", isPrivileged: true })).toBe("mine");
});

test("without AppArmor no option has an effect", () => {
  expect(profileOf({ isEnabled: false }, { ...plain, appArmor: "mine" })).toBeUndefined();
});
