import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { forbiddingSwitch, troubleOf } from "../../../src/client/user-namespace-trouble";

let settings: string;

beforeEach(async () => {
  settings = await mkdtemp(join(tmpdir(), "runcible-settings-"));
});
afterEach(() => rm(settings, { recursive: true }));

async function set(path: string, value: string): Promise<void> {
  await mkdir(dirname(join(settings, path)), { recursive: true });
  await writeFile(join(settings, path), value);
}

test("Ubuntu 24.04 as it comes is told by its setting of AppArmor, with the command that changes it", async () => {
  await set("user/max_user_namespaces", "95839\n");
  await set("kernel/unprivileged_userns_clone", "1\n");
  await set("kernel/apparmor_restrict_unprivileged_userns", "1\n");
  const trouble = await forbiddingSwitch(settings);
  expect(trouble?.detail).toContain("AppArmor");
  expect(trouble?.remedy).toBe("sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
});

test.each([
  ["user/max_user_namespaces", "0\n", "user.max_user_namespaces=10000"],
  ["kernel/unprivileged_userns_clone", "0\n", "kernel.unprivileged_userns_clone=1"],
])("%s is told too", async (path, value, remedy) => {
  await set(path, value);
  expect((await forbiddingSwitch(settings))?.remedy).toContain(remedy);
});

test("a machine without any of these settings forbids nothing", async () => {
  expect(await forbiddingSwitch(settings)).toBeUndefined();
});

test.each([
  ["unshare: unshare failed: Operation not permitted", "seccomp=unconfined"],
  ["unshare: cannot change root filesystem propagation: Permission denied", "apparmor=unconfined"],
])("of a container's guards, %s names the one", (refused, option) => {
  expect(troubleOf(refused).remedy).toContain(option);
});
