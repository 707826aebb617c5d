import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { type RunResult, runUnchecked } from "../../../src/internal/exec";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { rootTest } from "../../support/run-as";
import { openCanary } from "./canary";
import { execIn, openCell } from "./in-container";

const engine = useEngineOfThisFile();

test("the host's settings below /proc/sys and /sys stay as they are", async () => {
  await using cell = await openCell(engine.client);
  const before = await readFile("/proc/sys/kernel/core_pattern", "utf8");
  for (const path of [
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/vm/drop_caches",
    "/proc/sys/kernel/modprobe",
    "/proc/sysrq-trigger",
    "/proc/irq/default_smp_affinity",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/kernel/uevent_helper",
    "/sys/fs/cgroup/pids.max",
    "/sys/fs/cgroup/pids/pids.max",
    "/sys/fs/cgroup/memory/release_agent",
  ]) {
    expect(await cell.sh(`if [ -e ${path} ]; then echo '|/bin/broken' > ${path} && echo written; fi`)).not.toContain(
      "written",
    );
  }
  expect(await readFile("/proc/sys/kernel/core_pattern", "utf8")).toBe(before);
});

test("nothing is mounted, remounted or unmounted, with and without a user namespace in between", async () => {
  await using cell = await openCell(engine.client);
  for (const attempt of [
    "mount -t tmpfs none /mnt",
    "mount -t proc none /tmp",
    "mount -o remount,rw /proc/sys",
    "mount -o remount,rw /sys",
    "mount --bind / /tmp",
    "umount /proc/sys",
    "umount /etc/hosts",
    "unshare -m true",
    "unshare -r -m mount -t tmpfs none /tmp",
    "nsenter -t 1 -m true",
    "chroot /proc/1/root mount -t tmpfs none /tmp",
    "pivot_root . .",
  ]) {
    expect(await cell.sh(`mkdir -p /mnt; ${attempt} && echo done-it`)).not.toContain("done-it");
  }
});

test("no kernel module is loaded, and the kernel's own log and memory are not read", async () => {
  await using cell = await openCell(engine.client);
  for (const attempt of [
    "insmod /etc/passwd",
    "modprobe dummy",
    "rmmod dummy",
    "dmesg -c | grep -q .",
    "cat /proc/kcore | head -c 1 | grep -q .",
    "head -c 1 /proc/kmsg | grep -q .",
    "head -c 1 /dev/mem | grep -q .",
  ]) {
    expect(await cell.sh(`timeout 2 sh -c '${attempt}' && echo done-it`)).not.toContain("done-it");
  }
});

test("device nodes of the host's disks can neither be found, opened nor used when they are made", async () => {
  await using cell = await openCell(engine.client);
  const [major, minor] = await diskNumbers();
  expect(await cell.sh("ls /dev")).not.toMatch(/\b(sd|vd|nvme|mem|kmsg|loop)/);
  expect(await cell.sh(`mknod /tmp/disk b ${major} ${minor}; head -c 1 /tmp/disk | wc -c`)).not.toMatch(/^1$/m);
  expect(await cell.sh("mknod /tmp/mem c 1 1; head -c 1 /tmp/mem | wc -c")).not.toMatch(/^1$/m);
});

/** Of any block device that this machine has. */
async function diskNumbers(): Promise<readonly [string, string]> {
  const lines = (await readFile("/proc/partitions", "utf8")).trim().split("\n").slice(2);
  const [major = "8", minor = "0"] = lines[0]?.trim().split(/\s+/) ?? [];
  return [major, minor];
}

test.each([
  ["gives nothing under no-new-privileges", ["no-new-privileges"], /must be suid/],
  ["works when nobody forbids it", [], /incorrect password|su:/],
])("a set-user-id program %s", async (_what, options, answer) => {
  await using cell = await openCell(engine.client, { HostConfig: { SecurityOpt: options } });
  await cell.sh("mkdir /tmp/own; cp /bin/busybox /tmp/own; chmod 4755 /tmp/own/busybox");

  // busybox says itself whether it got what its file grants.
  const said = await execIn(engine.client, cell.id, {
    Cmd: ["sh", "-c", "echo | /tmp/own/busybox su 2>&1"],
    User: "1000",
  });

  expect(said).toMatch(answer);
  expect(/must be suid/.test(said)).toBe(options.length > 0);
});

rootTest(
  "a privileged container is what it says: only whoever asks for it gets the host's devices",
  "for others the kernel opens no device",
  async () => {
    await using cell = await openCell(engine.client, { HostConfig: { Privileged: true } });
    expect(await cell.sh("ls /dev/kmsg")).toContain("/dev/kmsg");
  },
);

test("what enters a container for an exec is neither changed by it nor lends it its files", async () => {
  await using canary = await openCanary();
  await using cell = await openCell(engine.client, { HostConfig: { Init: true } });
  const programs = ["runc", "docker-init", "tini-static", "catatonit"];
  const sums = (): Promise<RunResult> => runUnchecked("sh", ["-c", `sha256sum $(command -v ${programs.join(" ")})`]);
  const before = await sums();
  expect(before.stdout).toContain("runc");
  // Whatever comes by: its program is opened, written to, and its open files are tried as ways out (CVE-2019-5736,
  // CVE-2024-21626).
  const watch = `touch /tmp/begun; while [ ! -e /tmp/over ]; do for p in /proc/[0-9]*; do
      [ $p = /proc/$$ ] || { echo broken >> $p/exe; } 2>/dev/null && readlink $p/exe >> /tmp/changed
      for f in $p/fd/* $p/cwd; do cat $f/../../../../../../..${canary.folder}/file >> /tmp/found; done
    done; done 2>/dev/null`;
  const watching = cell.sh(watch);
  await cell.sh("until [ -e /tmp/begun ]; do sleep 0.05; done");
  for (const command of ["/proc/self/exe", "true", "/proc/self/exe", "true", "true"]) {
    await execIn(engine.client, cell.id, { Cmd: [command] }).catch(() => "");
  }
  await cell.sh("touch /tmp/over");
  await watching;

  expect(await sums()).toEqual(before);
  // Its own shell's program may be changed, as that is a file of its own.
  expect(await cell.sh("cat /tmp/found; grep -v busybox /tmp/changed")).not.toMatch(/secret|runc|init|memfd|^\/$/m);
});
