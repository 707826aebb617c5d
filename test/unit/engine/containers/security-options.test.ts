import { expect, test } from "vitest";
import { securityOf } from "../../../../src/engine/containers/security-options";

const plain = { seccomp: "default", noNewPrivileges: false };

test.each([
  "apparmor=unconfined",
  "apparmor=docker-default",
  "apparmor:mine",
  "label=disable",
  "systempaths=unconfined",
])("%s changes nothing, as this engine uses neither AppArmor nor SELinux", (option) => {
  expect(securityOf([option])).toEqual(plain);
});

test("seccomp and no-new-privileges are obeyed, also beside others", () => {
  expect(securityOf(["apparmor=x", "seccomp=unconfined"])).toEqual({ ...plain, seccomp: "unconfined" });
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
