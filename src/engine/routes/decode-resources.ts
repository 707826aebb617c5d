import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import { amountField, booleanField, defined, numberField, objectListField, textField } from "../http/json-fields";
import type { ResourceSpec, RestartPolicy, Ulimit } from "./container-spec";

const minMemoryBytes = 6 * 1024 * 1024;
const policyNames: readonly RestartPolicy["name"][] = ["no", "always", "unless-stopped", "on-failure"];

/** The limits in a HostConfig or an update request. Throws `invalid-argument` with Docker's texts. */
export function decodeResources(json: JsonObject): ResourceSpec {
  const memoryBytes = amountField(json, "Memory");
  checkMemory(json, memoryBytes);
  checkCpus(json);
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
    }),
    isOomKillDisabled: booleanField(json, "OomKillDisable"),
    ulimits: objectListField(json, "Ulimits").map(decodeUlimit),
  };
}

/** An update request says only what is to change; undefined when it names no policy. */
export function decodeRestartPolicy(json: JsonObject): RestartPolicy | undefined {
  const text = textField(json, "Name");
  if (text === undefined) return undefined;
  const name = policyNames.find((known) => known === text);
  if (name === undefined) throw invalid(`invalid restart policy '${text}'`);
  const maximumRetryCount = amountField(json, "MaximumRetryCount") ?? 0;
  if (maximumRetryCount < 0) throw invalid("maximum retry count cannot be negative");
  if (maximumRetryCount > 0 && name !== "on-failure") {
    throw invalid(`maximum retry count cannot be used with restart policy '${name}'`);
  }
  return { name, maximumRetryCount };
}

/** Values below `least` say "no limit". */
function limitField(json: JsonObject, key: string, least: number): number | undefined {
  const value = numberField(json, key);
  return value === undefined || value < least ? undefined : Math.round(value);
}

function checkMemory(json: JsonObject, memory: number | undefined): void {
  const swap = amountField(json, "MemorySwap");
  if (memory !== undefined && memory < minMemoryBytes) throw invalid("Minimum memory limit allowed is 6MB");
  if (swap === undefined || swap < 0) return;
  if (memory === undefined) {
    throw invalid("You should always set the Memory limit when using Memoryswap limit, see usage");
  }
  if (swap < memory) throw invalid("Minimum memoryswap limit should be larger than memory limit, see usage");
}

function checkCpus(json: JsonObject): void {
  if (amountField(json, "NanoCpus") === undefined) return;
  for (const [key, name] of [
    ["CpuPeriod", "CPU Period"],
    ["CpuQuota", "CPU Quota"],
  ] as const) {
    if (amountField(json, key) !== undefined) {
      throw invalid(`Conflicting options: Nano CPUs and ${name} cannot both be set`);
    }
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
