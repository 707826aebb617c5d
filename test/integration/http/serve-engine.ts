import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createEventHub } from "../../../src/engine/events/event-hub";
import { createEngineServer, type EngineServer, type EngineServerOptions } from "../../../src/engine/http/server";
import type { ContainerSpec } from "../../../src/engine/routes/container-spec";
import type { ContainerView } from "../../../src/engine/routes/container-view";
import { decodeCreate } from "../../../src/engine/routes/decode-create";
import { type EngineServices, engineRoutes } from "../../../src/engine/routes/engine-routes";
import type { EngineIdentity, SystemInfo } from "../../../src/engine/routes/system-service";
import { RuncibleError } from "../../../src/internal/errors";
import { silentLogger } from "../../../src/internal/log";
import { nowNs } from "../../../src/internal/steady-clock";
import type { JsonObject } from "../../../src/wire/json";

export type ServiceParts = { readonly [K in keyof EngineServices]?: Partial<EngineServices[K]> };

export interface ServedEngine {
  readonly socketPath: string;
  readonly server: EngineServer;
}

/** A real server on a real socket; of the services only what the test says. Gone at the end of the test. */
export async function serveEngine(
  parts: ServiceParts = {},
  settings: Pick<EngineServerOptions, "dropLimitMs"> = {},
): Promise<ServedEngine> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-http-"));
  const socketPath = join(folder, "engine.sock");
  const server = createEngineServer({
    routes: engineRoutes(servicesOf(parts)),
    version: "0.0.1",
    logger: silentLogger,
    ...settings,
  });
  await server.listen(socketPath, 0o600);
  onTestFinished(async () => {
    await server.close(0);
    await rm(folder, { recursive: true });
  });
  return { socketPath, server };
}

function servicesOf(parts: ServiceParts): EngineServices {
  return {
    system: service("system", { identity, info: async () => systemInfo, ...parts.system }),
    containers: service("containers", { list: async () => [], ...parts.containers }),
    execs: service("execs", parts.execs),
    archives: service("archives", parts.archives),
    images: service("images", { list: async () => [], ...parts.images }),
    builds: service("builds", parts.builds),
    networks: service("networks", parts.networks),
    volumes: service("volumes", parts.volumes),
    events: service("events", { ...createEventHub({ now: nowNs }), ...parts.events }),
    sessions: service("sessions", parts.sessions),
    hostPorts: service("hostPorts", parts.hostPorts),
    heldPorts: service("heldPorts", parts.heldPorts),
    reuse: service("reuse", parts.reuse),
  };
}

function service<T extends object>(name: string, part: Partial<T> = {}): T {
  return new Proxy(part as T, {
    get: (target, key) =>
      Reflect.get(target, key) ??
      (() => {
        throw new RuncibleError("not-implemented", `${name}.${String(key)}: not in this test`);
      }),
  });
}

/** A container as a service would show it. */
export function containerView(body: JsonObject, changes: Partial<ContainerView> = {}): ContainerView {
  const spec: ContainerSpec = decodeCreate(body, new URLSearchParams());
  return {
    id: "ab".repeat(32),
    name: "brave_bell",
    createdAt: "2026-11-24T05:15:26.123456789Z",
    spec,
    imageId: `sha256:${"cd".repeat(32)}`,
    config: {
      hostname: "abababababab",
      user: "",
      workingDir: "/",
      environment: ["A=1"],
      entrypoint: spec.entrypoint ?? [],
      command: spec.command ?? [],
      labels: spec.labels,
      exposedPorts: spec.exposedPorts,
      volumes: [],
    },
    state: { status: "running", pid: 7, exitCode: 0, error: "", isOutOfMemory: false },
    restartCount: 0,
    storageDriver: "overlay2",
    guardedPaths: { masked: [], readonly: [] },
    mounts: [],
    ports: [],
    endpoints: [],
    appArmorProfile: "",
    sandboxKey: "",
    paths: { resolvConf: "", hostname: "", hosts: "", log: "" },
    execIds: [],
    ...changes,
  };
}

const identity: EngineIdentity = {
  version: "0.0.1",
  pid: process.pid,
  instanceId: "1f",
  startedAt: "2026-11-24T05:15:26Z",
  architecture: "amd64",
  networkId: undefined,
  capabilities: ["sessions"],
};

export const systemInfo: SystemInfo = {
  id: "7f",
  hostname: "box",
  kernelVersion: "6.1",
  operatingSystem: "Debian GNU/Linux 12 (bookworm)",
  osVersion: "12",
  machine: "x86_64",
  cpus: 2,
  memoryBytes: 4_000_000_000,
  stateFolder: "/var/lib/runcible",
  storageDriver: "overlay2",
  storageStatus: [],
  cgroupDriver: "cgroupfs",
  cgroupVersion: 1,
  runcVersion: "1.1.5",
  initProgram: "",
  isRootless: false,
  securityOptions: ["name=seccomp,profile=builtin"],
  limits: { memory: true, swap: true, cpu: true, pids: true, cpuset: true },
  hubMirrors: [],
  warnings: [],
  labels: [],
};
