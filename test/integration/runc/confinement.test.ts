import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { detectCgroups } from "../../../src/runtime/runc/cgroup";
import { ociResources } from "../../../src/runtime/runc/resources";
import { rootTest } from "../../support/run-as";
import { type Bundles, openBundles, resultOf, sh } from "./busybox-bundle";

let bundles: Bundles;
beforeAll(async () => {
  bundles = await openBundles();
});
afterAll(async () => {
  await bundles.close();
});

const mebibyte = 1024 * 1024;

test("root in a container has Docker's fourteen capabilities and a system call filter", async () => {
  const { process } = await bundles.start(sh("grep -E '^(CapEff|Seccomp):' /proc/self/status"));
  expect((await resultOf(process)).stdout).toBe("CapEff:\t00000000a80425fb\nSeccomp:\t2\n");
});

test("another user has no capability in effect", async () => {
  const user = { uid: 1000, gid: 1000, additionalGids: [5] };
  const { process } = await bundles.start({ ...sh("id -u; id -G; grep CapEff /proc/self/status"), user });
  expect((await resultOf(process)).stdout).toBe("1000\n1000 5\nCapEff:\t0000000000000000\n");
});

test("dropped capabilities are gone", async () => {
  const { process } = await bundles.start({
    ...sh("grep CapBnd /proc/self/status"),
    capDrop: ["ALL"],
    capAdd: ["CAP_CHOWN"],
  });
  expect((await resultOf(process)).stdout).toBe("CapBnd:\t0000000000000001\n");
});

test("new namespaces and mounts are refused", async () => {
  const { process } = await bundles.start(sh("unshare -U true; mount -t tmpfs none /tmp; exit 0"));
  const { stderr } = await resultOf(process);
  expect(stderr).toMatch(/unshare.*Operation not permitted/);
  expect(stderr).toMatch(/mount.*(Operation not permitted|permission denied)/);
});

test("what the kernel tells of the host is masked or read-only", async () => {
  const { process } = await bundles.start(
    sh("ls /sys/firmware; cat /proc/keys; echo x > /proc/sys/kernel/hostname; exit 0"),
  );
  const { stdout, stderr } = await resultOf(process);
  expect(stdout).toBe("");
  expect(stderr).toContain("Read-only file system");
});

test("a privileged container mounts, sees the host's devices and writes to its cgroup", async () => {
  const script =
    "mount -t tmpfs none /tmp && [ -c /dev/full ] && mkdir /sys/fs/cgroup/*/nested 2>/dev/null; grep Seccomp: /proc/self/status";
  const { process, group } = await bundles.start({ ...sh(script), isPrivileged: true });
  const result = await resultOf(process);
  expect(result).toMatchObject({ exitCode: 0, stdout: "Seccomp:\t0\n", stderr: "" });
  await group.remove();
  expect(await group.processes()).toEqual([]);
});

test("a container has its own host name", async () => {
  const { process } = await bundles.start({ args: ["hostname"] });
  expect((await resultOf(process)).stdout).toBe("box\n");
});

rootTest("a container has its own domain name", "for others runc sets it from 1.2 on", async () => {
  const { process } = await bundles.start({
    ...sh("hostname; cat /proc/sys/kernel/domainname"),
    domainname: "example",
  });
  expect((await resultOf(process)).stdout).toBe("box\nexample\n");
});

rootTest(
  "a container that needs more memory than it may have is killed, and that is seen",
  "an ordinary user has no cgroup to give",
  async () => {
    const resources = ociResources({ memoryBytes: 16 * mebibyte, memorySwapBytes: 16 * mebibyte });
    const { process, group } = await bundles.start({ ...sh("exec tail -c 200m /dev/zero"), resources });
    expect((await resultOf(process)).exitCode).toBe(137);
    expect(await group.wasOutOfMemory()).toBe(true);
  },
);

test("a container that ends by itself did not run out of memory", async () => {
  const { process, group } = await bundles.start({ args: ["false"] });
  expect((await resultOf(process)).exitCode).toBe(1);
  expect(await group.wasOutOfMemory()).toBe(false);
});

rootTest("a container makes no more processes than it may", "an ordinary user has no cgroup to give", async () => {
  // runc's init, which becomes the program, needs some threads itself, on a slow machine more.
  const resources = ociResources({ pidsLimit: 20 });
  const { process } = await bundles.start({ ...sh("for i in $(seq 40); do sleep 60 & done"), resources });
  expect((await resultOf(process)).stderr).toMatch(/can't fork|Resource temporarily unavailable/);
});

rootTest(
  "limits change while the container runs, and its usage is told",
  "an ordinary user has no cgroup to give",
  async () => {
    const { id, process, group } = await bundles.start({
      ...sh("echo up; exec sleep 1000"),
      resources: ociResources({ memoryBytes: 64 * mebibyte }),
    });
    await once(process.stdout, "data");
    await bundles.runc.update(id, ociResources({ memoryBytes: 128 * mebibyte }));
    const sample = await group.sample();
    expect(sample.memory.limitBytes).toBe(128 * mebibyte);
    expect(sample.pids).toBe(1);
    expect(sample.cpu.totalNs).toBeGreaterThan(0);
    expect(await group.processes()).toEqual([process.pid]);
    process.kill("SIGKILL");
    await process.exited;
  },
);

test("the machine's cgroup hierarchies are found", async () => {
  const facts = await detectCgroups();
  expect(facts.controllers).toEqual(expect.arrayContaining(["memory", "pids", "cpu"]));
});
