import type { JsonObject, JsonValue } from "../../wire/json";
import { isArray, listField, objectField } from "../http/json-fields";
import type { ContainerSpec, DeviceRate, NetworkMode } from "./container-spec";
import type { ContainerView } from "./container-view";

/** What was posted, over what clients read without looking whether it is there. */
export function encodeHostConfig({ spec, name, guardedPaths }: ContainerView): Readonly<Record<string, unknown>> {
  const { restartPolicy, resources, logs } = spec;
  const memory = resources.memoryBytes ?? 0;
  return {
    ...defaults,
    MaskedPaths: guardedPaths.masked,
    ReadonlyPaths: guardedPaths.readonly,
    ...withoutNulls(spec.raw.hostConfig),
    Links: encodeLinks(listField(spec.raw.hostConfig, "Links"), name),
    CgroupnsMode: spec.cgroupnsMode ?? "private",
    NetworkMode: encodeNetworkMode(spec.networkMode),
    RestartPolicy: { Name: restartPolicy.name, MaximumRetryCount: restartPolicy.maximumRetryCount },
    LogConfig: { Type: logs.driver, Config: logs.options },
    Memory: memory,
    MemorySwap: resources.memorySwapBytes ?? 2 * memory,
    NanoCpus: resources.nanoCpus ?? 0,
    ShmSize: resources.shmSizeBytes ?? 64 * 1024 * 1024,
    ...encodeBlockIo(spec),
    PortBindings: encodeBindings(objectField(spec.raw.hostConfig, "PortBindings")),
  };
}

/** With the keys as posted; clients read both fields of a binding. */
function encodeBindings(bindings: JsonObject): JsonObject {
  const entries = Object.entries(bindings).map(([key, value]): [string, JsonValue] => {
    if (value === undefined || !isArray(value)) return [key, value ?? null];
    return [key, value.map((binding) => ({ HostIp: "", HostPort: "", ...objectField({ binding }, "binding") }))];
  });
  return Object.fromEntries(entries);
}

/** What is held, which is not all that was posted where the kernel has no files for it. */
function encodeBlockIo({ resources, raw }: ContainerSpec): Readonly<Record<string, unknown>> {
  const rates = (key: string, held: readonly DeviceRate[] | undefined) => {
    const nothing = listOf(raw.hostConfig[key]) === undefined ? null : [];
    return { [key]: held?.map(({ path, rate }) => ({ Path: path, Rate: rate })) ?? nothing };
  };
  const noWeights = listOf(raw.hostConfig["BlkioWeightDevice"]) === undefined ? null : [];
  return {
    BlkioWeight: resources.blockWeight ?? 0,
    BlkioWeightDevice:
      resources.blockWeightDevices?.map(({ path, weight }) => ({ Path: path, Weight: weight })) ?? noWeights,
    ...rates("BlkioDeviceReadBps", resources.blockReadBytes),
    ...rates("BlkioDeviceWriteBps", resources.blockWriteBytes),
    ...rates("BlkioDeviceReadIOps", resources.blockReads),
    ...rates("BlkioDeviceWriteIOps", resources.blockWrites),
  };
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

/** `/db:/web/database`: of the container web, database means the container db. */
function encodeLinks(links: readonly string[], name: string): readonly string[] | null {
  if (links.length === 0) return null;
  return links.map((link) => {
    const [container = "", alias = container] = link.replace(/^\//, "").split(":", 2);
    return `/${container}:/${name}/${alias.replace(/^.*\//, "")}`;
  });
}

/** As typed, but `default` is `bridge`. */
export function encodeNetworkMode(mode: NetworkMode): string {
  switch (mode.kind) {
    case "none":
    case "host":
      return mode.kind;
    case "container":
      return `container:${mode.container}`;
    case "network":
      return mode.network;
    default:
      return mode satisfies never;
  }
}

/** What Docker says of what nobody asked for. */
const defaults = {
  AutoRemove: false,
  Binds: null,
  CapAdd: null,
  CapDrop: null,
  Cgroup: "",
  CgroupParent: "",
  ConsoleSize: [0, 0],
  ContainerIDFile: "",
  CpuCount: 0,
  CpuPercent: 0,
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpuShares: 0,
  CpusetCpus: "",
  CpusetMems: "",
  DeviceCgroupRules: null,
  DeviceRequests: null,
  Devices: [],
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IOMaximumBandwidth: 0,
  IOMaximumIOps: 0,
  IpcMode: "private",
  Isolation: "",
  MemoryReservation: 0,
  MemorySwappiness: null,
  OomKillDisable: false,
  OomScoreAdj: 0,
  PidMode: "",
  PidsLimit: null,
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  Runtime: "runc",
  SecurityOpt: null,
  UTSMode: "",
  Ulimits: [],
  UsernsMode: "",
  VolumeDriver: "",
  VolumesFrom: null,
};

function withoutNulls(json: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
}
