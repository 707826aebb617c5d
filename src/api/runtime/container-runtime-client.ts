import type { HostIp } from "../ports/bound-ports";
import { ComposeClient } from "./compose-client";
import { ContainerClient } from "./container-client";
import { ImageClient } from "./image-client";
import { NetworkClient } from "./network-client";
import { getRuntime, type Runtime } from "./runtime";

export interface RuntimeInfo {
  node: { version: string; architecture: string; platform: string };
  containerRuntime: {
    host: string;
    hostIps: HostIp[];
    remoteSocketPath: string;
    indexServerAddress: string;
    serverVersion: string;
    operatingSystem: string;
    operatingSystemType: string;
    architecture: string;
    cpus: number;
    memory: number;
    runtimes: string[];
    labels: string[];
  };
}

/** Low-level calls for users and modules; what this package itself needs goes through `Runtime`. */
export class ContainerRuntimeClient {
  readonly info: RuntimeInfo;
  readonly compose: ComposeClient;
  readonly container: ContainerClient;
  readonly image: ImageClient;
  readonly network: NetworkClient;

  constructor(
    info: RuntimeInfo,
    compose: ComposeClient,
    container: ContainerClient,
    image: ImageClient,
    network: NetworkClient,
  ) {
    this.info = info;
    this.compose = compose;
    this.container = container;
    this.image = image;
    this.network = network;
  }
}

const clients = new WeakMap<Runtime, Promise<ContainerRuntimeClient>>();

export async function getContainerRuntimeClient(): Promise<ContainerRuntimeClient> {
  const runtime = await getRuntime();
  const known = clients.get(runtime);
  if (known !== undefined) return known;
  const client = createRuntimeClient(runtime);
  clients.set(runtime, client);
  client.catch(() => clients.delete(runtime));
  return client;
}

async function createRuntimeClient(runtime: Runtime): Promise<ContainerRuntimeClient> {
  const { engine } = runtime;
  return new ContainerRuntimeClient(
    await runtimeInfoOf(runtime),
    new ComposeClient(runtime),
    new ContainerClient(engine),
    new ImageClient(runtime),
    new NetworkClient(engine),
  );
}

async function runtimeInfoOf({ engine, host, hostIps, remoteSocketPath }: Runtime): Promise<RuntimeInfo> {
  const info = await engine.system.info();
  return {
    node: { version: process.version, architecture: process.arch, platform: process.platform },
    containerRuntime: {
      host,
      hostIps: [...hostIps],
      remoteSocketPath,
      indexServerAddress: String(info["IndexServerAddress"] ?? "https://index.docker.io/v1/"),
      serverVersion: info.ServerVersion,
      operatingSystem: info.OperatingSystem,
      operatingSystemType: info.OSType,
      architecture: info.Architecture,
      cpus: info.NCPU,
      memory: info.MemTotal,
      runtimes: Object.keys(info["Runtimes"] ?? {}),
      labels: [...(info.Labels ?? [])],
    },
  };
}
