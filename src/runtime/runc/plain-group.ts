import { open, readdir, stat } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { hasCode } from "../../internal/errors";
import { killIfThere } from "../../internal/kill-if-there";
import { statFieldsOf } from "../../internal/process-stat";
import type { CgroupSample } from "./cgroup-sample";
import type { ContainerGroup } from "./open-group";
import { systemCpuNs } from "./system-cpu";

/** USER_HZ is 100 and a page 4 KiB on every architecture that Node runs on by default. */
const tickNs = 10_000_000;
const pageBytes = 4096;

/**
 * A container's processes where it has no cgroup: those in its mount namespace, which no other container shares. Counts
 * less than the kernel would: memory is resident pages, and the processor time of processes that are gone is not in it.
 */
export async function openPlainGroup(pid: number): Promise<ContainerGroup> {
  const namespace = await holdMountNamespace(pid);
  if (namespace === "closed to us") return groupOfOne(pid);
  const processes = (): Promise<readonly number[]> => processesIn(namespace?.id);
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    for (const member of await processes()) killIfThere(member, name);
  };
  return {
    // Nobody counted.
    wasOutOfMemory: async () => false,
    sample: async () => sampleOf(await processes()),
    processes,
    // There is no freezer either: processes are stopped and continued by signals.
    pause: async () => {
      // What a process forked while the list was read is stopped the second time.
      await signal("SIGSTOP");
      await signal("SIGSTOP");
    },
    resume: () => signal("SIGCONT"),
    remove: async () => {
      // In the host's pid namespace, processes may outlive the first one.
      await signal("SIGKILL");
      await namespace?.close();
    },
  };
}

/** A process whose mount namespace is the engine's own or is closed to it: it alone is the group. */
export function groupOfOne(pid: number): ContainerGroup {
  return {
    wasOutOfMemory: async () => false,
    sample: () => sampleOf([pid]),
    processes: async () => [pid],
    pause: async () => killIfThere(pid, "SIGSTOP"),
    resume: async () => killIfThere(pid, "SIGCONT"),
    remove: async () => {},
  };
}

interface HeldNamespace {
  /** Undefined once it is not held any more. */
  readonly id: string | undefined;
  close(): Promise<void>;
}

/**
 * The kernel gives the number of a namespace that is gone to the next one, which would be another container's. Held
 * open, it is not gone. Undefined: the process has ended already. The kernel lets nobody of a user namespace look into
 * one that may not be dumped (ptrace(2), PTRACE_MODE_READ): it runs a program of the host's that cannot be read there,
 * or it ended as runc's.
 */
async function holdMountNamespace(pid: number): Promise<HeldNamespace | "closed to us" | undefined> {
  try {
    const handle = await open(`/proc/${pid}/ns/mnt`);
    const { dev, ino } = await handle.stat();
    let id: string | undefined = `${dev} ${ino}`;
    return {
      get id() {
        return id;
      },
      close: async () => {
        if (id === undefined) return;
        id = undefined;
        await handle.close();
      },
    };
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ESRCH")) return undefined;
    if (hasCode(error, "EACCES")) return "closed to us";
    throw error;
  }
}

async function processesIn(namespace: string | undefined): Promise<readonly number[]> {
  if (namespace === undefined) return [];
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(pids.map(async (pid) => ((await mountNamespace(pid)) === namespace ? [pid] : [])));
  return found.flat();
}

async function mountNamespace(pid: number): Promise<string | undefined> {
  const found = await stat(`/proc/${pid}/ns/mnt`).catch(() => undefined);
  return found === undefined ? undefined : `${found.dev} ${found.ino}`;
}

async function sampleOf(pids: readonly number[]): Promise<CgroupSample> {
  const [usages, systemNs] = await Promise.all([Promise.all(pids.map(usageOf)), systemCpuNs()]);
  const sum = (pick: (usage: Usage) => number): number => usages.reduce((total, usage) => total + pick(usage), 0);
  const userNs = sum(({ userTicks }) => userTicks) * tickNs;
  const kernelNs = sum(({ kernelTicks }) => kernelTicks) * tickNs;
  return {
    pids: pids.length,
    cpu: {
      totalNs: userNs + kernelNs,
      kernelNs,
      userNs,
      systemNs,
      onlineCpus: cpus().length,
      periods: 0,
      throttledPeriods: 0,
      throttledNs: 0,
    },
    memory: { usageBytes: sum(({ pages }) => pages) * pageBytes, limitBytes: totalmem(), stats: {} },
    blockIo: { readBytes: 0, writtenBytes: 0 },
  };
}

interface Usage {
  readonly userTicks: number;
  readonly kernelTicks: number;
  readonly pages: number;
}

/** proc_pid_stat(5), with the children that were waited for. A process that is gone uses nothing. */
async function usageOf(pid: number): Promise<Usage> {
  const fields = await statFieldsOf(pid);
  const at = (number: number): number => Number(fields[number - 3] ?? 0);
  return { userTicks: at(14) + at(16), kernelTicks: at(15) + at(17), pages: at(24) };
}
