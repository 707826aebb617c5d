import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type CgroupFacts, cgroupFacts, controllerFolder, readOr } from "./cgroup-files";

/** How version 1 says that there is none: the greatest number of pages. */
const noLimit = 2 ** 62;

/**
 * Bytes that containers may still take: what the kernel says is available on the machine, or less where a cgroup round
 * the engine's containers has a limit. What the kernel would give back of a cgroup's file cache counts as free.
 */
export async function freeMemory(cgroupParent: string | undefined): Promise<number> {
  const meminfo = await readFile("/proc/meminfo", "utf8");
  const available = Number(/^MemAvailable:\s*(\d+) kB$/m.exec(meminfo)?.[1] ?? Number.NaN) * 1024;
  const facts = await cgroupFacts();
  const limits = await Promise.all((await groupsAround(facts, cgroupParent)).map((group) => freeIn(facts, group)));
  return Math.min(Number.isNaN(available) ? Number.POSITIVE_INFINITY : available, ...limits);
}

/** Paths from the top of the hierarchy: in a container, that is the container's own cgroup. */
async function groupsAround(facts: CgroupFacts, cgroupParent: string | undefined): Promise<readonly string[]> {
  // Without cgroups of their own, containers are in the engine's.
  let group = cgroupParent === undefined ? await ownGroup(facts) : dirname(cgroupParent);
  const groups = [group];
  while (group !== "/") {
    group = dirname(group);
    groups.push(group);
  }
  return groups;
}

/** proc(5), cgroup: `4:memory:/user.slice`, and `0::/user.slice` on version 2. */
async function ownGroup({ version }: CgroupFacts): Promise<string> {
  const lines = (await readOr("/proc/self/cgroup", "")).split("\n");
  const line = lines.find((text) => (version === 2 ? text.startsWith("0::") : /^\d+:[^:]*\bmemory\b[^:]*:/.test(text)));
  return line?.replace(/^\d+:[^:]*:/, "") || "/";
}

async function freeIn(facts: CgroupFacts, group: string): Promise<number> {
  const folder = controllerFolder(facts, group, "memory");
  const isV2 = facts.version === 2;
  const limit = (await readOr(join(folder, isV2 ? "memory.max" : "memory.limit_in_bytes"), "")).trim();
  // "max", or no such cgroup here. Its statistics are not asked for in vain: the kernel adds them up, which takes it
  // long.
  if (!/^\d+$/.test(limit) || Number(limit) >= noLimit) return Number.POSITIVE_INFINITY;
  const [usage, stats] = await Promise.all(
    [isV2 ? "memory.current" : "memory.usage_in_bytes", "memory.stat"].map((name) => readOr(join(folder, name), "")),
  );
  const cache = Number(/^(?:total_)?inactive_file (\d+)$/m.exec(stats ?? "")?.[1] ?? 0);
  return Math.max(0, Number(limit) - Number(usage) + cache);
}
