import { availableParallelism } from "node:os";
import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import { amountField, booleanField, defined, numberField, objectListField, textField } from "../http/json-fields";
import type { DeviceRate, ResourceSpec, RestartPolicy, Ulimit } from "./container-spec";
import { discardedLimits } from "./refuse-unsupported";

const minMemoryBytes = 6 * 1024 * 1024;
const policyNames: readonly RestartPolicy["name"][] = ["no", "always", "unless-stopped", "on-failure"];

export interface LimitContext {
  /** Of this machine. */
  readonly cpus?: number;
  /** What an update leaves out stays as it is, so less can be said of what belongs together. Default: false. */
  readonly isUpdate?: boolean;
}

/** The limits in a HostConfig or an update request. Throws `invalid-argument` with Docker's texts. */
export function decodeResources(
  json: JsonObject,
  { cpus = availableParallelism(), isUpdate = false }: LimitContext = {},
): ResourceSpec {
  const memoryBytes = amountField(json, "Memory");
  checkMemory(json, memoryBytes, isUpdate);
  checkNanoCpus(json, cpus);
  checkScheduler(json);
  checkShared(json);
  checkBlockWeight(json);
  const discarded = discardedLimits(json);
  return {
    ...defined({
      memoryBytes,
      memoryReservationBytes: amountField(json, "MemoryReservation"),
      memorySwapBytes: amountField(json, "MemorySwap"),
      memorySwappiness: limitField(json, "MemorySwappiness", 0),
      nanoCpus: amountField(json, "NanoCpus"),
      cpuShares: amountField(json, "CpuShares"),
      cpuPeriodUs: amountField(json, "CpuPeriod"),
      cpuQuotaUs: amountField(json, "CpuQuota"),
      cpusetCpus: textField(json, "CpusetCpus"),
      cpusetMems: textField(json, "CpusetMems"),
      pidsLimit: limitField(json, "PidsLimit", 1),
      shmSizeBytes: amountField(json, "ShmSize"),
      oomScoreAdj: amountField(json, "OomScoreAdj"),
      blockWeight: amountField(json, "BlkioWeight"),
      blockWeightDevices: devicesField(json, "BlkioWeightDevice", "Weight")?.map(({ path, value }) => ({
        path,
        weight: value,
      })),
      blockReadBytes: ratesField(json, "BlkioDeviceReadBps"),
      blockWriteBytes: ratesField(json, "BlkioDeviceWriteBps"),
      blockReads: ratesField(json, "BlkioDeviceReadIOps"),
      blockWrites: ratesField(json, "BlkioDeviceWriteIOps"),
    }),
    isOomKillDisabled: booleanField(json, "OomKillDisable"),
    ulimits: objectListField(json, "Ulimits").map(decodeUlimit),
    ...(discarded.length === 0 ? {} : { discarded }),
  };
}

/** An update request says only what is to change; undefined when it names no policy. */
export function decodeRestartPolicy(json: JsonObject): RestartPolicy | undefined {
  const text = textField(json, "Name");
  if (text === undefined) {
    if ((amountField(json, "MaximumRetryCount") ?? 0) !== 0) throw invalid(retriesWithoutPolicy);
    return undefined;
  }
  const name = policyNames.find((known) => known === text);
  if (name === undefined) {
    throw invalid(
      `invalid restart policy: unknown policy '${text}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`,
    );
  }
  const maximumRetryCount = amountField(json, "MaximumRetryCount") ?? 0;
  if (maximumRetryCount < 0) throw invalid("invalid restart policy: maximum retry count cannot be negative");
  if (maximumRetryCount > 0 && name !== "on-failure") {
    throw invalid(retriesWithoutPolicy);
  }
  return { name, maximumRetryCount };
}

const retriesWithoutPolicy = "invalid restart policy: maximum retry count can only be used with 'on-failure'";

/** Values below `least` say "no limit". */
function limitField(json: JsonObject, key: string, least: number): number | undefined {
  const value = numberField(json, key);
  return value === undefined || value < least ? undefined : Math.round(value);
}

function ratesField(json: JsonObject, key: string): readonly DeviceRate[] | undefined {
  return devicesField(json, key, "Rate")?.map(({ path, value }) => ({ path, rate: value }));
}

/** Undefined when there are none. */
function devicesField(
  json: JsonObject,
  key: string,
  valueKey: string,
): readonly { readonly path: string; readonly value: number }[] | undefined {
  const devices = objectListField(json, key).map((device) => {
    const path = textField(device, "Path");
    if (path === undefined) throw invalid(`invalid ${key}: a device has no Path`);
    return { path, value: numberField(device, valueKey) ?? 0 };
  });
  return devices.length === 0 ? undefined : devices;
}

function checkBlockWeight(json: JsonObject): void {
  const weight = amountField(json, "BlkioWeight");
  if (weight !== undefined && (weight < 10 || weight > 1_000))
    throw invalid("Range of blkio weight is from 10 to 1000");
}

function checkMemory(json: JsonObject, memory: number | undefined, isUpdate: boolean): void {
  const swap = amountField(json, "MemorySwap");
  const reservation = amountField(json, "MemoryReservation");
  const swappiness = numberField(json, "MemorySwappiness") ?? -1;
  if (memory !== undefined && memory < minMemoryBytes) throw invalid("Minimum memory limit allowed is 6MB");
  if (memory === undefined && swap !== undefined && swap > 0 && !isUpdate) {
    throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if (memory !== undefined && swap !== undefined && swap > 0 && swap < memory) {
    throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
  }
  if (swappiness < -1 || swappiness > 100) {
    throw invalid(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  if (reservation === undefined) return;
  if (reservation < minMemoryBytes) throw invalid("Minimum memory reservation allowed is 6MB");
  if (memory !== undefined && memory < reservation) {
    throw invalid("Minimum memory limit can not be less than memory reservation limit, see usage");
  }
}

function checkNanoCpus(json: JsonObject, cpus: number): void {
  const nanoCpus = amountField(json, "NanoCpus");
  if (nanoCpus === undefined) return;
  for (const [key, name] of [
    ["CpuPeriod", "CPU Period"],
    ["CpuQuota", "CPU Quota"],
  ] as const) {
    if (amountField(json, key) !== undefined) {
      throw invalid(`Conflicting options: Nano CPUs and ${name} cannot both be set`);
    }
  }
  if (nanoCpus < 0 || nanoCpus > cpus * 1e9) {
    throw invalid(`range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
}

/** The kernel refuses these as well, but only at the start and without saying what is wrong. */
function checkScheduler(json: JsonObject): void {
  const period = amountField(json, "CpuPeriod");
  const quota = amountField(json, "CpuQuota");
  if (period !== undefined && (period < 1_000 || period > 1_000_000)) {
    throw invalid("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  }
  if (quota !== undefined && quota > 0 && quota < 1_000) {
    throw invalid("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  }
}

function checkShared(json: JsonObject): void {
  const oomScoreAdj = amountField(json, "OomScoreAdj") ?? 0;
  if ((amountField(json, "ShmSize") ?? 0) < 0) throw invalid("SHM size can not be less than 0");
  if (Math.abs(oomScoreAdj) > 1_000) {
    throw invalid(`Invalid value ${oomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
}

function decodeUlimit(json: JsonObject): Ulimit {
  const name = textField(json, "Name");
  if (name === undefined) throw invalid("invalid ulimit: it has no name");
  const soft = numberField(json, "Soft") ?? 0;
  return { name, soft, hard: numberField(json, "Hard") ?? soft };
}

function invalid(message: string): RuncibleError {
  return new RuncibleError("invalid-argument", message);
}
