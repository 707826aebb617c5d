import { expect, test } from "vitest";
import { securityOf } from "../../../../src/engine/containers/security-options";

const plain = { seccomp: "default", noNewPrivileges: false, appArmor: undefined };

test.each(["label=disable", "disable"])("%s changes nothing, as this engine does not use SELinux", (option) => {
  expect(securityOf([option])).toEqual(plain);
});

test.each([
  ["apparmor=unconfined", "unconfined"],
  ["apparmor:mine", "mine"],
])("%s names a profile", (option, appArmor) => {
  expect(securityOf([option])).toEqual({ ...plain, appArmor });
});

test("systempaths=unconfined is refused as Docker's daemon does, with what its command line makes of it", () => {
  expect(() => securityOf(["systempaths=unconfined"])).toThrowError(
    /^invalid --security-opt 2: "systempaths=unconfined"; .*MaskedPaths and ReadonlyPaths/,
  );
});

test("seccomp and no-new-privileges are obeyed, also beside others", () => {
  expect(securityOf(["apparmor=x", "seccomp=unconfined"])).toEqual({
    ...plain,
    seccomp: "unconfined",
    appArmor: "x",
  });
  expect(securityOf(['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'])).toEqual({
    ...plain,
    seccomp: { defaultAction: "SCMP_ACT_ALLOW" },
  });
  expect(securityOf(["no-new-privileges"])).toEqual({ ...plain, noNewPrivileges: true });
  expect(securityOf(["no-new-privileges=false"])).toEqual(plain);
});

test.each(["apparmour=unconfined", "seccomp=/a/path.json"])("%s is refused", (option) => {
  expect(() => securityOf([option])).toThrowError(expect.objectContaining({ code: "invalid-argument" }));
});

test("no-new-privileges is on or off", () => {
  expect(securityOf(["no-new-privileges:false"]).noNewPrivileges).toBe(false);
  expect(() => securityOf(["no-new-privileges:maybe"])).toThrow('invalid --security-opt 2: "no-new-privileges:maybe"');
});
