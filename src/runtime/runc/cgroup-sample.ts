import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { cgroupFacts, controllerFolder, readOr } from "./cgroup-files";
import { systemCpuNs } from "./system-cpu";

/** What a cgroup has used so far. */
export interface CgroupSample {
  readonly pids: number;
  readonly cpu: {
    readonly totalNs: number;
    readonly kernelNs: number;
    readonly userNs: number;
    /** Of the whole machine. */
    readonly systemNs: number;
    readonly onlineCpus: number;
    readonly periods: number;
    readonly throttledPeriods: number;
    readonly throttledNs: number;
  };
  readonly memory: {
    readonly usageBytes: number;
    readonly limitBytes: number;
    /** As in memory.stat. */
    readonly stats: Readonly<Record<string, number>>;
  };
  readonly blockIo: { readonly readBytes: number; readonly writtenBytes: number };
}

/** Of cpuacct.stat and /proc/stat: USER_HZ is 100 on every architecture that Node runs on. */
const tickNs = 10_000_000;

/** Of a cgroup that is gone: zeros. Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst of the kernel. */
export async function sampleCgroup(path: string): Promise<CgroupSample> {
  const facts = await cgroupFacts();
  const read = (controller: string, file: string): Promise<string> =>
    readOr(join(controllerFolder(facts, path, controller), file), "");
  const isV2 = facts.version === 2;
  const [pids, cpuStat, cpuUsage, cpuacct, usage, limit, memoryStat, io, systemNs] = await Promise.all([
    read("pids", "pids.current"),
    read("cpu", "cpu.stat"),
    isV2 ? "" : read("cpuacct", "cpuacct.usage"),
    isV2 ? "" : read("cpuacct", "cpuacct.stat"),
    read("memory", isV2 ? "memory.current" : "memory.usage_in_bytes"),
    read("memory", isV2 ? "memory.max" : "memory.limit_in_bytes"),
    read("memory", "memory.stat"),
    isV2 ? read("io", "io.stat") : read("blkio", "blkio.throttle.io_service_bytes_recursive"),
    systemCpuNs(),
  ]);
  const cpu = keyValues(cpuStat);
  const ticks = keyValues(cpuacct);
  const count = (key: string): number => cpu[key] ?? 0;
  const us = (key: string): number => count(key) * 1000;
  const tickTime = (key: string): number => (ticks[key] ?? 0) * tickNs;
  const total = totalmem();
  const limitBytes = Number(limit.trim());
  return {
    pids: Number(pids) || 0,
    cpu: {
      totalNs: isV2 ? us("usage_usec") : Number(cpuUsage) || 0,
      kernelNs: isV2 ? us("system_usec") : tickTime("system"),
      userNs: isV2 ? us("user_usec") : tickTime("user"),
      systemNs,
      onlineCpus: cpus().length,
      periods: count("nr_periods"),
      throttledPeriods: count("nr_throttled"),
      throttledNs: isV2 ? us("throttled_usec") : count("throttled_time"),
    },
    memory: {
      usageBytes: Number(usage) || 0,
      // No limit reads as "max" or as a number beyond all memory.
      limitBytes: limitBytes > 0 && limitBytes < total ? limitBytes : total,
      stats: keyValues(memoryStat),
    },
    blockIo: { readBytes: sumOf(io, /(?:rbytes=|Read )(\d+)/g), writtenBytes: sumOf(io, /(?:wbytes=|Write )(\d+)/g) },
  };
}

/** Over all devices. */
function sumOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((sum, [, digits]) => sum + Number(digits), 0);
}

function keyValues(text: string): Readonly<Record<string, number>> {
  return Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const [key, value] = line.split(" ");
      return key && value ? [[key, Number(value)]] : [];
    }),
  );
}
