import type { InfoJson, VersionJson } from "../../wire/system";
import { apiVersion, formatVersion, minApiVersion } from "../../wire/versions";
import type { ContainerStatus } from "./container-view";
import type { EngineIdentity, SystemInfo } from "./system-service";

const goVersion = "none (Node.js)";

/** Answer of `GET /info`. Keys that the docker CLI prints without looking are there even if they say nothing. */
export function encodeInfo(
  info: SystemInfo,
  identity: EngineIdentity,
  counts: { readonly statuses: readonly ContainerStatus[]; readonly images: number },
): InfoJson {
  const running = counts.statuses.filter((status) => status === "running" || status === "restarting").length;
  const paused = counts.statuses.filter((status) => status === "paused").length;
  // As Docker writes them.
  const mirrors = info.hubMirrors.map((url) => `${url.replace(/\/+$/, "")}/`);
  const commit = { ID: "", Expected: "" };
  return {
    ID: info.id,
    Name: info.hostname,
    Containers: counts.statuses.length,
    ContainersRunning: running,
    ContainersPaused: paused,
    ContainersStopped: counts.statuses.length - running - paused,
    Images: counts.images,
    ServerVersion: identity.version,
    OperatingSystem: info.operatingSystem,
    OSVersion: info.osVersion,
    OSType: "linux",
    Architecture: info.machine,
    KernelVersion: info.kernelVersion,
    NCPU: info.cpus,
    MemTotal: info.memoryBytes,
    DockerRootDir: info.stateFolder,
    Driver: info.storageDriver,
    DriverStatus: info.storageStatus,
    CgroupDriver: info.cgroupDriver,
    CgroupVersion: String(info.cgroupVersion),
    ...encodeLimits(info),
    LoggingDriver: "json-file",
    Plugins: {
      Volume: ["local"],
      Network: ["bridge", "host", "null"],
      Authorization: null,
      Log: ["json-file", "local"],
    },
    Runtimes: { runc: { path: "runc" } },
    DefaultRuntime: "runc",
    RuncCommit: { ID: info.runcVersion, Expected: info.runcVersion },
    ContainerdCommit: commit,
    InitCommit: commit,
    InitBinary: info.initProgram,
    SecurityOptions: info.securityOptions,
    Swarm: {
      LocalNodeState: "inactive",
      ControlAvailable: false,
      NodeID: "",
      NodeAddr: "",
      Error: "",
      RemoteManagers: null,
    },
    IndexServerAddress: "https://index.docker.io/v1/",
    RegistryConfig: {
      InsecureRegistryCIDRs: ["127.0.0.0/8"],
      IndexConfigs: { "docker.io": { Name: "docker.io", Mirrors: mirrors, Secure: true, Official: true } },
      Mirrors: mirrors,
    },
    Debug: false,
    NFd: 0,
    NGoroutines: 0,
    NEventsListener: 0,
    SystemTime: new Date().toISOString(),
    ExperimentalBuild: false,
    LiveRestoreEnabled: false,
    Isolation: "",
    HttpProxy: "",
    HttpsProxy: "",
    NoProxy: "",
    GenericResources: null,
    Labels: info.labels,
    Warnings: info.warnings,
  };
}

function encodeLimits({ limits, cgroupVersion }: SystemInfo): Readonly<Record<string, boolean>> {
  const { memory, swap, cpu, pids, cpuset } = limits;
  return {
    MemoryLimit: memory,
    SwapLimit: swap,
    CpuCfsPeriod: cpu,
    CpuCfsQuota: cpu,
    CPUShares: cpu,
    CPUSet: cpuset,
    PidsLimit: pids,
    // Version 2 has no such thing.
    OomKillDisable: memory && cgroupVersion === 1,
    IPv4Forwarding: true,
    BridgeNfIptables: true,
    BridgeNfIp6tables: true,
  };
}

/** Answer of `GET /version`. */
export function encodeVersion(info: SystemInfo, identity: EngineIdentity): VersionJson {
  const details = {
    ApiVersion: formatVersion(apiVersion),
    MinAPIVersion: formatVersion(minApiVersion),
    Arch: identity.architecture,
    BuildTime: "",
    Experimental: "false",
    GitCommit: "",
    GoVersion: goVersion,
    KernelVersion: info.kernelVersion,
    Os: "linux",
  };
  return {
    Platform: { Name: "Runcible" },
    Components: [
      { Name: "Engine", Version: identity.version, Details: details },
      { Name: "runc", Version: info.runcVersion, Details: { GitCommit: "" } },
    ],
    Version: identity.version,
    ApiVersion: details.ApiVersion,
    MinAPIVersion: details.MinAPIVersion,
    GitCommit: "",
    GoVersion: goVersion,
    Os: "linux",
    Arch: identity.architecture,
    KernelVersion: info.kernelVersion,
    BuildTime: "",
    Experimental: false,
  };
}
