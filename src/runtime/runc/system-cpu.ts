import { readOr } from "./cgroup-files";

/** USER_HZ is 100 on every architecture that Node runs on. */
const tickNs = 10_000_000;

/**
 * Time of the whole machine. proc(5), stat: the first line sums all CPUs, in ticks; guest time is in user time already.
 */
export async function systemCpuNs(): Promise<number> {
  const [line = ""] = (await readOr("/proc/stat", "")).split("\n", 1);
  const ticks = line.split(/\s+/).slice(1, 9).map(Number);
  return ticks.reduce((sum, value) => sum + value, 0) * tickNs;
}
