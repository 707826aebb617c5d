import { join } from "node:path";
import type { EndpointState } from "../../runtime/network/stack";
import { networkFileNames } from "../../runtime/network-files";
import { guardedPathsOf } from "../../runtime/runc/spec";
import { formatPortKey, type Protocol } from "../../wire/ports";
import type { EndpointSpec } from "../routes/container-spec";
import type { ContainerState, ContainerView, EndpointView, PublishedPort } from "../routes/container-view";
import { storageDriverName } from "../system/storage-driver-name";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { appArmorProfileOf, dnsNamesOf } from "./run-request";

/** A container as it is now. */
export function viewOf(context: ContainerContext, container: Container): ContainerView {
  const { id, folder, record } = container;
  const file = (name: string): string => join(folder, name);
  return {
    id,
    name: record.name,
    createdAt: record.createdAt,
    spec: record.spec,
    imageId: record.imageId,
    config: record.config,
    state: stateOf(container),
    restartCount: record.restartCount,
    storageDriver: storageDriverName(context.runtime.rootfs),
    guardedPaths: guardedPathsOf(record.spec),
    appArmorProfile: appArmorProfileOf(context, record) ?? (context.runtime.appArmor.isEnabled ? "unconfined" : ""),
    mounts: record.mounts,
    ports: portsOf(container),
    endpoints: endpointsOf(context, container),
    sandboxKey: container.run?.sandbox?.path ?? "",
    paths: {
      resolvConf: file(networkFileNames.resolvConf),
      hostname: file(networkFileNames.hostname),
      hosts: file(networkFileNames.hosts),
      log: container.log.path,
    },
    execIds: [...container.execIds],
  };
}

function stateOf(container: Container): ContainerState {
  const { state } = container.record;
  const health = container.health?.view();
  return {
    status: container.isRemoving && !container.isRunning ? "removing" : state.status,
    pid: container.run?.process.pid ?? 0,
    exitCode: state.exitCode,
    error: state.error,
    isOutOfMemory: state.isOutOfMemory,
    ...(container.memoryWaitMs === 0 ? {} : { memoryWaitMs: container.memoryWaitMs }),
    ...(state.startedAt === undefined ? {} : { startedAt: state.startedAt }),
    ...(state.finishedAt === undefined ? {} : { finishedAt: state.finishedAt }),
    ...(health === undefined ? {} : { health }),
  };
}

/** On no network of its own a container has no ports to show. */
function portsOf({ run, record }: Container): readonly PublishedPort[] {
  if (run?.sandbox === undefined || run.sandbox.endpoints.length === 0) return [];
  const ports = new Map<string, { containerPort: { port: number; protocol: Protocol }; bindings: HostBinding[] }>();
  for (const containerPort of record.config.exposedPorts) {
    ports.set(formatPortKey(containerPort), { containerPort, bindings: [] });
  }
  for (const { containerPort, protocol, hostIp, hostPort } of run.ports?.bindings ?? []) {
    ports.get(formatPortKey({ port: containerPort, protocol }))?.bindings.push({ hostIp, hostPort });
  }
  return [...ports.values()];
}

interface HostBinding {
  readonly hostIp: string;
  readonly hostPort: number;
}

function endpointsOf(context: ContainerContext, { record, run }: Container): readonly EndpointView[] {
  if (record.endpoints.length === 0) return predefinedEndpoint(context, record.spec.networkMode.kind);
  return record.endpoints.map((spec) => {
    const network = context.networks.tryFind(spec.network);
    const networkId = network?.id ?? spec.network;
    const live = run?.sandbox?.endpoints.find((endpoint) => endpoint.networkId === networkId);
    return {
      ...endpointView(spec, network?.name ?? spec.network, networkId, live),
      dnsNames: dnsNamesOf(record, spec.aliases),
    };
  });
}

function endpointView(
  spec: EndpointSpec,
  network: string,
  networkId: string,
  live: EndpointState | undefined,
): Omit<EndpointView, "dnsNames"> {
  return {
    network,
    networkId,
    endpointId: live?.endpointId ?? "",
    aliases: spec.aliases,
    links: spec.links,
    macAddress: live?.macAddress ?? "",
    gateway: live?.gateway ?? "",
    ipv4Address: live?.ipv4Address ?? "",
    ipv4PrefixLength: live?.prefixLength ?? 0,
    ...(spec.ipv4Address === undefined ? {} : { requestedIpv4Address: spec.ipv4Address }),
    driverOptions: spec.driverOptions,
  };
}

/** Docker lists `host` and `none` as networks a container is in. */
function predefinedEndpoint(context: ContainerContext, kind: string): readonly EndpointView[] {
  if (kind !== "host" && kind !== "none") return [];
  const spec = { network: kind, aliases: [], links: [], gatewayPriority: 0, driverOptions: {} };
  return [{ ...endpointView(spec, kind, context.networks.find(kind).id, undefined), dnsNames: [] }];
}
