import { readFile } from "node:fs/promises";
import os from "node:os";
import { basename } from "node:path";
import { ownNetworkId } from "../../internal/network-id";
import { hostPlatform } from "../../runtime/image/platform";
import type { RootfsChoice } from "../../runtime/rootfs/choose-driver";
import { cgroupFacts } from "../../runtime/runc/cgroup-files";
import { findInitProgram } from "../containers/init-program";
import type { EngineIdentity, SystemInfo, SystemService } from "../routes/system-service";
import { storageDriverName } from "./storage-driver-name";

export interface SystemFactsOptions {
  readonly engineId: string;
  readonly instanceId: string;
  readonly version: string;
  readonly startedAt: string;
  readonly stateFolder: string;
  readonly rootfs: Pick<RootfsChoice, "driver" | "why" | "storageFolder">;
  readonly runcVersion: string;
  readonly isRootless: boolean;
  /** Containers are confined by it. */
  readonly hasAppArmor: boolean;
  /** Whether containers can be limited by cgroups. */
  readonly hasLimits: boolean;
  readonly layerSizes: () => Promise<ReadonlyMap<string, number>>;
  /** Base URLs of mirrors of Docker Hub. */
  readonly hubMirrors: () => Promise<readonly string[]>;
  readonly isStaying: () => boolean;
  readonly onStay: () => void;
  readonly onShutdown: () => void;
}

export function createSystemService(options: SystemFactsOptions): SystemService {
  const identity: EngineIdentity = {
    networkId: ownNetworkId(),
    version: options.version,
    pid: process.pid,
    instanceId: options.instanceId,
    startedAt: options.startedAt,
    architecture: hostPlatform().architecture,
    capabilities: ["sessions", "wait-ports", "host-images", "host-ports", "held-ports", "alias-ports", "reuse", "keep"],
  };
  return {
    identity,
    info: () => systemInfo(options),
    layerSizes: options.layerSizes,
    isStaying: options.isStaying,
    stay: options.onStay,
    shutdown: options.onShutdown,
  };
}

async function systemInfo(options: SystemFactsOptions): Promise<SystemInfo> {
  const { rootfs } = options;
  const [facts, release, hubMirrors] = await Promise.all([cgroupFacts(), osRelease(), options.hubMirrors()]);
  const has = (controller: string): boolean => options.hasLimits && facts.controllers.includes(controller);
  return {
    id: options.engineId,
    hostname: os.hostname(),
    kernelVersion: os.release(),
    operatingSystem: release["PRETTY_NAME"] ?? "Linux",
    osVersion: release["VERSION_ID"] ?? "",
    machine: os.machine(),
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    stateFolder: options.stateFolder,
    storageDriver: storageDriverName(rootfs.driver),
    storageStatus: [
      ["Chosen because", rootfs.why],
      ["Folder", rootfs.storageFolder],
    ],
    cgroupDriver: options.hasLimits ? "cgroupfs" : "none",
    cgroupVersion: facts.version,
    runcVersion: options.runcVersion,
    isRootless: options.isRootless,
    securityOptions: [
      ...(options.hasAppArmor ? ["name=apparmor"] : []),
      "name=seccomp,profile=builtin",
      ...(options.isRootless ? ["name=rootless"] : []),
    ],
    limits: {
      memory: has("memory"),
      swap: has("memory"),
      cpu: has("cpu"),
      pids: has("pids"),
      cpuset: has("cpuset"),
    },
    initProgram: basename(findInitProgram() ?? ""),
    hubMirrors,
    warnings: [],
    labels: [],
  };
}

/** os-release(5). */
async function osRelease(): Promise<Readonly<Record<string, string>>> {
  const text = await readFile("/etc/os-release", "utf8").catch(() => "");
  return Object.fromEntries(
    text.split("\n").flatMap((line) => {
      const match = /^([A-Z_]+)="?([^"]*)"?$/.exec(line);
      return match?.[1] === undefined ? [] : [[match[1], match[2] ?? ""]];
    }),
  );
}
