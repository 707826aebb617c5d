import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import { amountField, isArray, listField, objectListField, textField, textMapField } from "../http/json-fields";

/** What Docker calls the runtime that containers have here. */
const runtimes = ["runc", "io.containerd.runc.v2"];

/**
 * What a HostConfig asks for that this engine cannot do and a container would miss. Throws `invalid-argument` with
 * Docker's texts where a Docker without the feature refuses it too, else `not-implemented`.
 */
export function refuseUnsupported(hostConfig: JsonObject): void {
  const runtime = textField(hostConfig, "Runtime") ?? "runc";
  if (!runtimes.includes(runtime)) throw invalid(`unknown or invalid runtime name: ${runtime}`);
  const isolation = textField(hostConfig, "Isolation") ?? "default";
  if (isolation.toLowerCase() !== "default") {
    throw invalid(`Invalid isolation: "${isolation}" - linux only supports 'default'`);
  }
  const [device] = objectListField(hostConfig, "DeviceRequests");
  if (device !== undefined) throw invalid(noDeviceDriver(device));
  if (Object.keys(textMapField(hostConfig, "StorageOpt")).length > 0) {
    throw leftOut(
      "--storage-opt is supported only for overlay over xfs with 'pquota' mount option",
      "a root has no size",
    );
  }
  if (amountField(hostConfig, "CpuRealtimePeriod") || amountField(hostConfig, "CpuRealtimeRuntime")) {
    throw leftOut("CpuRealtimePeriod and CpuRealtimeRuntime", "limit processors by CpuQuota or NanoCpus");
  }
  if (listField(hostConfig, "DeviceCgroupRules").length > 0) {
    throw leftOut("DeviceCgroupRules", "name the devices themselves (--device)");
  }
  const driver = textField(hostConfig, "VolumeDriver") ?? "local";
  if (driver !== "local") throw leftOut(`plugin "${driver}" not found`, "the volume driver is local");
}

/** Docker's text, of a machine without NVIDIA's programs. */
function noDeviceDriver(request: JsonObject): string {
  const sets = request["Capabilities"] ?? [];
  const capabilities = isArray(sets) ? sets.map((set) => `[${isArray(set) ? set.join(" ") : ""}]`) : [];
  const driver = textField(request, "Driver") ?? "";
  return `could not select device driver "${driver}" with capabilities: [${capabilities.join(" ")}]`;
}

/** What is asked for that only makes a container use more than it should. */
export function discardedLimits(hostConfig: JsonObject): readonly string[] {
  const parent = textField(hostConfig, "CgroupParent");
  return parent === undefined ? [] : [`Containers are in the engine's own cgroup: CgroupParent ${parent} discarded.`];
}

function leftOut(what: string, instead: string): RuncibleError {
  return new RuncibleError("not-implemented", `${what}: left out by this engine; ${instead}`);
}

function invalid(message: string): RuncibleError {
  return new RuncibleError("invalid-argument", message);
}
