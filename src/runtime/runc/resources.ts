import type { OciResources } from "./oci-spec";

/** Limits as people give them. Absent: none. */
export interface ResourceLimits {
  readonly memoryBytes?: number;
  readonly memoryReservationBytes?: number;
  /** Memory and swap together; -1: unlimited. Default: twice the memory. */
  readonly memorySwapBytes?: number;
  readonly memorySwappiness?: number;
  /** Billionths of a CPU. */
  readonly nanoCpus?: number;
  readonly cpuShares?: number;
  readonly cpuPeriodUs?: number;
  readonly cpuQuotaUs?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: number;
  readonly isOomKillDisabled?: boolean;
}

const schedulerPeriodUs = 100_000;

/** OCI runtime specification, `linux.resources`, without devices. */
export function ociResources(limits: ResourceLimits): OciResources {
  const memory = memoryOf(limits);
  const cpu = cpuOf(limits);
  const { pidsLimit } = limits;
  return {
    ...(Object.keys(memory).length === 0 ? {} : { memory }),
    ...(Object.keys(cpu).length === 0 ? {} : { cpu }),
    ...(pidsLimit === undefined || pidsLimit === 0 ? {} : { pids: { limit: pidsLimit } }),
  };
}

function memoryOf(limits: ResourceLimits): NonNullable<OciResources["memory"]> {
  const { memoryBytes, memoryReservationBytes, memorySwappiness, isOomKillDisabled } = limits;
  const swap = limits.memorySwapBytes ?? (memoryBytes === undefined ? undefined : memoryBytes * 2);
  return {
    ...(memoryBytes === undefined ? {} : { limit: memoryBytes }),
    ...(memoryReservationBytes === undefined ? {} : { reservation: memoryReservationBytes }),
    ...(swap === undefined ? {} : { swap }),
    ...(memorySwappiness === undefined ? {} : { swappiness: memorySwappiness }),
    ...(isOomKillDisabled ? { disableOOMKiller: true } : {}),
  };
}

function cpuOf(limits: ResourceLimits): NonNullable<OciResources["cpu"]> {
  const { nanoCpus, cpuShares, cpusetCpus, cpusetMems } = limits;
  const fromNano = nanoCpus === undefined ? undefined : Math.round((nanoCpus * schedulerPeriodUs) / 1e9);
  const quota = fromNano ?? limits.cpuQuotaUs;
  const period = fromNano === undefined ? limits.cpuPeriodUs : schedulerPeriodUs;
  return {
    ...(cpuShares === undefined ? {} : { shares: cpuShares }),
    ...(quota === undefined ? {} : { quota }),
    ...(period === undefined ? {} : { period }),
    ...(cpusetCpus === undefined ? {} : { cpus: cpusetCpus }),
    ...(cpusetMems === undefined ? {} : { mems: cpusetMems }),
  };
}
