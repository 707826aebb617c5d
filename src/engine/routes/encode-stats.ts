import type { InterfaceCounters, StatsSample } from "./container-service";

const zeroTime = "0001-01-01T00:00:00Z";

/** One stats object. `previous` null: the CPU figures to compare with are zero. A stopped container's are all zero. */
export function encodeStats(
  container: { readonly id: string; readonly name: string },
  sample: StatsSample | null,
  previous: StatsSample | null,
): object {
  return {
    read: sample?.readAt ?? zeroTime,
    preread: previous?.readAt ?? zeroTime,
    pids_stats: sample === null ? {} : { current: sample.pids },
    blkio_stats: { ...notCounted, io_service_bytes_recursive: encodeBlockIo(sample) },
    num_procs: 0,
    storage_stats: {},
    cpu_stats: encodeCpu(sample),
    precpu_stats: encodeCpu(previous),
    memory_stats: encodeMemory(sample),
    name: `/${container.name}`,
    id: container.id,
    ...(sample === null ? {} : { networks: encodeInterfaces(sample.interfaces) }),
  };
}

/** Version 2 of cgroups has none of these either. */
const notCounted = {
  io_serviced_recursive: null,
  io_queue_recursive: null,
  io_service_time_recursive: null,
  io_wait_time_recursive: null,
  io_merged_recursive: null,
  io_time_recursive: null,
  sectors_recursive: null,
};

function encodeCpu(sample: StatsSample | null): object {
  const cpu = sample?.cpu;
  return {
    cpu_usage: {
      total_usage: cpu?.totalNs ?? 0,
      usage_in_kernelmode: cpu?.kernelNs ?? 0,
      usage_in_usermode: cpu?.userNs ?? 0,
    },
    ...(cpu === undefined ? {} : { system_cpu_usage: cpu.systemNs, online_cpus: cpu.onlineCpus }),
    throttling_data: {
      periods: cpu?.periods ?? 0,
      throttled_periods: cpu?.throttledPeriods ?? 0,
      throttled_time: cpu?.throttledNs ?? 0,
    },
  };
}

function encodeMemory(sample: StatsSample | null): object {
  if (sample === null) return {};
  const { usageBytes, limitBytes, stats } = sample.memory;
  return { usage: usageBytes, limit: limitBytes, stats };
}

function encodeBlockIo(sample: StatsSample | null): readonly object[] | null {
  const entries = sample?.blockIo ?? [];
  if (entries.length === 0) return null;
  return entries.map(({ major, minor, operation, bytes }) => ({ major, minor, op: operation, value: bytes }));
}

function encodeInterfaces(interfaces: StatsSample["interfaces"]): object {
  return Object.fromEntries(Object.entries(interfaces).map(([name, counters]) => [name, encodeInterface(counters)]));
}

function encodeInterface(counters: InterfaceCounters): object {
  return {
    rx_bytes: counters.receivedBytes,
    rx_packets: counters.receivedPackets,
    rx_errors: counters.receiveErrors,
    rx_dropped: counters.receiveDropped,
    tx_bytes: counters.sentBytes,
    tx_packets: counters.sentPackets,
    tx_errors: counters.sendErrors,
    tx_dropped: counters.sendDropped,
  };
}
