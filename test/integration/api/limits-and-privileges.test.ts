import { readFile, stat } from "node:fs/promises";
import { expect, test } from "vitest";
import { GenericContainer } from "../../../src/index";
import { hasCapabilities } from "../../../src/internal/capability-set";
import { useEngineOfThisFile } from "../../support/engine-of-file";
import { rootTest } from "../../support/run-as";
import { waitUntil } from "../../support/wait-until";
import { busyboxImage } from "./busybox-image";

const engine = useEngineOfThisFile();

const sleeper = async (): Promise<GenericContainer> =>
  new GenericContainer(await busyboxImage()).withCommand(["sleep", "60"]);

/** What a shell in the container prints. */
async function printed(container: GenericContainer, command: string): Promise<string> {
  await using started = await container.start();
  const { output, exitCode } = await started.exec(["sh", "-c", command]);
  expect(exitCode, output).toBe(0);
  return output.trim();
}

/** capabilities(7), by their numbers, of the first process. */
async function capabilities(container: GenericContainer): Promise<(number: number) => boolean> {
  const bits = BigInt(`0x${await printed(container, "sed -n 's/^CapBnd:\\s*//p' /proc/1/status")}`);
  return (number) => ((bits >> BigInt(number)) & 1n) === 1n;
}
const [chown, netAdmin, netRaw, sysPtrace] = [0, 12, 13, 19];

rootTest("withResourcesQuota keeps a busy container to its share of a processor", "limits need a cgroup", async () => {
  const container = (await sleeper()).withCommand(["sh", "-c", "while :; do :; done"]).withResourcesQuota({ cpu: 0.1 });
  await using started = await container.start();
  const throttled = async (): Promise<number> => {
    const files = "cat /sys/fs/cgroup/cpu.stat /sys/fs/cgroup/cpu/cpu.stat 2>/dev/null";
    const { output } = await started.exec(["sh", "-c", files]);
    return Number(/^nr_throttled (\d+)/m.exec(output)?.[1]);
  };

  expect(await waitUntil(async () => (await throttled()) > 1, 30_000)).toBe(true);
});

test("withUlimits sets both limits of the first process, and the hard one of commands beside it", async () => {
  const container = (await sleeper()).withUlimits({ nofile: { soft: 101, hard: 202 }, core: { soft: 0, hard: 0 } });

  // In a command beside it the soft limit may be the hard one: Go, of which runc 1.1 is made, raises it for itself.
  expect(await printed(container, "ulimit -Hn; ulimit -c; grep 'open files' /proc/1/limits")).toMatch(
    /^202\n0\nMax open files\s+101\s+202\s/,
  );
});

test("withUlimits takes limits away, as far as whoever runs the engine may", async () => {
  const container = (await sleeper()).withUlimits({ memlock: { soft: -1, hard: -1 } });

  const [, own] = /^Max locked memory.*\s(\S+)\s+bytes/m.exec(await readFile("/proc/self/limits", "utf8")) ?? [];
  const status = await readFile("/proc/self/status", "utf8");
  const wanted = hasCapabilities(status, ["SYS_RESOURCE"]) ? "unlimited" : String(own);
  expect(await printed(container, "grep 'locked memory' /proc/1/limits")).toMatch(
    new RegExp(`^Max locked memory\\s+${wanted}\\s+${wanted}\\s`),
  );
});

test("capabilities are added and dropped by names with and without CAP_", async () => {
  const container = (await sleeper())
    .withAddedCapabilities("NET_ADMIN", "cap_sys_ptrace")
    .withDroppedCapabilities("CAP_NET_RAW");

  const has = await capabilities(container);

  expect([chown, netAdmin, sysPtrace, netRaw].map(has)).toEqual([true, true, true, false]);
});

test("all capabilities but one are dropped", async () => {
  const has = await capabilities((await sleeper()).withDroppedCapabilities("ALL").withAddedCapabilities("CHOWN"));

  expect(Array.from({ length: 41 }, (_, number) => number).filter(has)).toEqual([chown]);
});

test("a privileged container may mount and write to /proc/sys, another one may not", async () => {
  const command = "mkdir -p /mnt; mount -t tmpfs none /mnt 2>/dev/null && echo mounted || echo refused";

  expect(await printed((await sleeper()).withPrivilegedMode(), command)).toBe("mounted");
  expect(await printed(await sleeper(), command)).toBe("refused");
});

test("withSecurityOpt gives a process no new privileges, and takes the filter of system calls away", async () => {
  const container = (await sleeper()).withSecurityOpt("no-new-privileges", "seccomp=unconfined");
  const command = "sed -n 's/^\\(NoNewPrivs\\|Seccomp\\):\\s*/\\1 /p' /proc/1/status";

  const own = await readFile("/proc/self/status", "utf8");

  expect(await printed(container, command)).toBe(`NoNewPrivs 1\nSeccomp ${/^Seccomp:\s*(\d)/m.exec(own)?.[1]}`);
  expect(await printed(await sleeper(), command)).toBe("NoNewPrivs 0\nSeccomp 2");
});

test("withSecurityOpt uncovers the system's paths, by the word of Docker's command line", async () => {
  const covered = (container: GenericContainer): Promise<string> =>
    printed(container, "grep -cE ' /proc/[a-z]' /proc/self/mountinfo; true");

  expect(await covered((await sleeper()).withSecurityOpt("systempaths=unconfined"))).toBe("0");
  expect(await covered(await sleeper())).not.toBe("0");
});

test("withSharedMemorySize is the size of /dev/shm", async () => {
  const container = (await sleeper()).withSharedMemorySize(8 * 1024 * 1024);

  expect(await printed(container, "df -k /dev/shm | tail -n 1 | awk '{ print $2 }'")).toBe("8192");
});

test("withIpcMode(host) shares the machine's shared memory, also where it shows no message queues", async () => {
  const device = async (container: GenericContainer): Promise<number> =>
    Number(await printed(container, "stat -c %d /dev/shm"));
  const { dev } = await stat("/dev/shm");

  expect(await device((await sleeper()).withIpcMode("host"))).toBe(dev);
  expect(await device(await sleeper())).not.toBe(dev);
});

test("withAutoRemove(false) leaves a stopped container, with the log driver that was chosen", async () => {
  const container = await (await sleeper()).withAutoRemove(false).withDefaultLogDriver().start();
  const id = container.getId();

  await container.stop();

  const { State, HostConfig } = await engine.client.containers.inspect(id);
  expect(State.Status).toBe("exited");
  expect(HostConfig["LogConfig"]).toMatchObject({ Type: "json-file" });
  await engine.client.containers.remove(id);
});
