import { join } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { shortId } from "../../internal/ids";
import type { NetworkRequest, RunRequest } from "../../runtime/container";
import type { EndpointRequest, PortRequest } from "../../runtime/network/stack";
import { profileOf } from "../../runtime/runc/apparmor";
import { ociBlockIo } from "../../runtime/runc/block-io";
import { ociResources } from "../../runtime/runc/resources";
import { aliasPortsLabel, parseAliasPorts } from "../../wire/ports";
import type { EndpointSpec, NetworkMode } from "../routes/container-spec";
import { type ContainerRecord, sessionLabel } from "../state/container-record";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { behindInit } from "./init-program";
import { linkedHosts } from "./links";
import { readyVolumes, runtimeMounts } from "./mounts";
import { securityOf } from "./security-options";
import { sharedMemoryOf } from "./shared-memory";

const defaultTerminal = { rows: 24, columns: 80 };

/**
 * Translates a container's record into what the runtime is to run. Throws `network-not-found`, `container-not-found`.
 */
export async function runRequestOf(context: ContainerContext, container: Container): Promise<RunRequest> {
  const { id, folder, rootPath, record } = container;
  const { spec, config } = record;
  const security = securityOf(spec.securityOptions);
  const appArmorProfile = appArmorProfileOf(context, record);
  await readyVolumes(context.volumes, record.mounts);
  const sharedMemory = sharedMemoryOf(context, container);
  const plain = {
    command: commandOf(record),
    mounts: [...sharedMemory.mounts, ...runtimeMounts(record.mounts)],
  };
  const { command, mounts } = spec.init ? behindInit(plain.command, plain.mounts) : plain;
  return {
    id,
    folder,
    rootPath,
    user: config.user,
    groups: spec.groupAdd,
    hasStdin: spec.openStdin,
    ...(spec.tty ? { tty: spec.consoleSize ?? defaultTerminal } : {}),
    network: await networkOf(context, record),
    ...(sharedMemory.made === undefined ? {} : { sharedMemory: sharedMemory.made }),
    ...(spec.cgroupnsMode === undefined ? {} : { hasCgroupNamespace: spec.cgroupnsMode === "private" }),
    names: namesOf(context, record),
    spec: {
      args: command,
      env: config.environment,
      cwd: config.workingDir === "" ? "/" : config.workingDir,
      domainname: spec.domainname ?? "",
      isReadOnlyRoot: spec.isReadOnlyRoot,
      mounts,
      pidMode: namespaceMode(context, spec.pidMode, "pid"),
      ipcMode: namespaceMode(context, spec.ipcMode, "ipc"),
      utsMode: namespaceMode(context, spec.utsMode, "uts"),
      resources: { ...ociResources(spec.resources), ...ociBlockIo(spec.resources) },
      capAdd: spec.capAdd,
      capDrop: spec.capDrop,
      isPrivileged: spec.privileged,
      seccomp: spec.privileged ? "unconfined" : security.seccomp,
      has32BitPrograms: await mayRun32BitPrograms(context, record),
      noNewPrivileges: security.noNewPrivileges,
      ...(appArmorProfile === undefined ? {} : { appArmorProfile }),
      ...(spec.maskedPaths === undefined ? {} : { maskedPaths: spec.maskedPaths }),
      ...(spec.readonlyPaths === undefined ? {} : { readonlyPaths: spec.readonlyPaths }),
      devices: spec.devices,
      sysctls: spec.sysctls,
      ulimits: spec.resources.ulimits,
      ...(spec.resources.shmSizeBytes === undefined ? {} : { shmSizeBytes: spec.resources.shmSizeBytes }),
      ...(spec.resources.oomScoreAdj === undefined ? {} : { oomScoreAdj: spec.resources.oomScoreAdj }),
    },
  };
}

/** Undefined: none. */
export function appArmorProfileOf({ runtime }: ContainerContext, { spec }: ContainerRecord): string | undefined {
  const { appArmor } = securityOf(spec.securityOptions);
  return profileOf(runtime.appArmor, { appArmor, isPrivileged: spec.privileged });
}

/** Of what is bound in nobody knows. */
async function mayRun32BitPrograms(
  { runtime }: ContainerContext,
  { diffIds, mounts, has32BitPrograms = false }: ContainerRecord,
): Promise<boolean> {
  if (has32BitPrograms || mounts.some(({ kind }) => kind === "bind")) return true;
  return (await Promise.all(diffIds.map((diffId) => runtime.layers.has32BitPrograms(diffId)))).includes(true);
}

/** Names the network's DNS answers with this container. */
export function dnsNamesOf({ id, name, config }: ContainerRecord, aliases: readonly string[]): readonly string[] {
  return [...new Set([name, ...aliases, shortId(id), config.hostname])];
}

export function endpointRequestOf(
  context: ContainerContext,
  record: ContainerRecord,
  endpoint: EndpointSpec,
): EndpointRequest {
  const resolvers = resolversBehindNames(context, record);
  return {
    networkId: context.networks.find(endpoint.network).id,
    dnsNames: dnsNamesOf(record, endpoint.aliases),
    ...(resolvers.length === 0 ? {} : { resolvers }),
    gatewayPriority: endpoint.gatewayPriority,
    ...(endpoint.ipv4Address === undefined ? {} : { ipv4Address: endpoint.ipv4Address }),
    ...(endpoint.macAddress === undefined ? {} : { macAddress: endpoint.macAddress }),
  };
}

function commandOf({ config }: ContainerRecord): readonly string[] {
  return [...config.entrypoint, ...config.command];
}

async function networkOf(context: ContainerContext, record: ContainerRecord): Promise<NetworkRequest> {
  const { networkMode } = record.spec;
  if (networkMode.kind === "host") return { kind: "host" };
  if (networkMode.kind === "none" && record.endpoints.length === 0) {
    return { kind: "sandbox", endpoints: [], ports: [] };
  }
  if (networkMode.kind === "container") return sharedNetwork(context, networkMode.container);
  const endpoints = record.endpoints.map((endpoint) => endpointRequestOf(context, record, endpoint));
  await Promise.all(endpoints.map(({ networkId }) => context.networks.ready(networkId)));
  return { kind: "sandbox", endpoints, ports: portRequestsOf(record) };
}

/** The network of a running container. Throws `container-not-found`, `container-not-running`. */
export function sharedNetwork(context: ContainerContext, ref: string): NetworkRequest {
  const other = otherContainer(context, ref);
  if (other.run === undefined) {
    throw new RuncibleError(
      "container-not-running",
      `cannot join network of a non running container: ${other.id}; start it first`,
    );
  }
  const { sandbox, sharedNetwork } = other.run;
  if (sandbox !== undefined) return { kind: "shared", path: sandbox.path, folder: other.folder };
  // It may itself have joined another's.
  return sharedNetwork ?? { kind: "host" };
}

/** Docker publishes only what is exposed; the exposed ports of request and image are in the config. */
function portRequestsOf({ spec, config }: ContainerRecord): readonly PortRequest[] {
  const holder = config.labels[sessionLabel];
  const isExposed = (port: number, protocol: string): boolean =>
    config.exposedPorts.some((exposed) => exposed.port === port && exposed.protocol === protocol);
  const asked = spec.publish
    .filter(({ containerPort }) => isExposed(containerPort.port, containerPort.protocol))
    .map(({ containerPort, hostIp, hostPort }) => ({
      containerPort: containerPort.port,
      protocol: protocolOf(containerPort.protocol),
      hostPort,
      ...(hostIp === undefined || hostIp === "" ? {} : { hostIp }),
      ...(holder === undefined ? {} : { holder }),
    }));
  const aliases = aliasRequestsOf(config.labels);
  if (!spec.publishAll) return [...asked, ...aliases];
  const rest = config.exposedPorts.filter(
    ({ port, protocol }) => !asked.some((request) => request.containerPort === port && request.protocol === protocol),
  );
  const any = { first: 0, last: 0 };
  return [
    ...asked,
    ...rest.map(({ port, protocol }) => ({ containerPort: port, protocol: protocolOf(protocol), hostPort: any })),
    ...aliases,
  ];
}

/** After the others: clients take the first for the port's own. */
function aliasRequestsOf(labels: Readonly<Record<string, string>>): readonly PortRequest[] {
  const text = labels[aliasPortsLabel];
  if (text === undefined) return [];
  return parseAliasPorts(text).map(({ hostPort, containerPort: { port, protocol } }) => ({
    containerPort: port,
    protocol: protocolOf(protocol),
    hostPort: { first: hostPort, last: hostPort },
    isOptional: true,
  }));
}

function protocolOf(protocol: "tcp" | "udp" | "sctp"): "tcp" | "udp" {
  if (protocol === "sctp") {
    throw new RuncibleError("not-implemented", "publish port: sctp is not supported; use tcp or udp");
  }
  return protocol;
}

function namesOf(context: ContainerContext, record: ContainerRecord): RunRequest["names"] {
  const { spec, config } = record;
  const { extraHosts, nameservers } = hostNames(context, [...spec.extraHosts, ...linkedHosts(context, record)], {
    hasNames: spec.networkMode.kind !== "host",
  });
  const isDirect = spec.dns.servers.length > 0 && resolversBehindNames(context, record).length === 0;
  return {
    hostname: hostnameOf(context, spec.networkMode, config.hostname),
    domainname: spec.domainname ?? "",
    extraHosts,
    nameservers: isDirect ? spec.dns.servers : nameservers,
    search: spec.dns.search,
    resolverOptions: spec.dns.options.length > 0 ? spec.dns.options : ["ndots:0"],
    ownResolver: spec.dns,
  };
}

/**
 * Servers that the container chose, where the embedded one stands before them, so that containers have their names all
 * the same. Not on the default bridge; and one on the loopback is a program in the container.
 */
function resolversBehindNames(context: ContainerContext, { spec, endpoints }: ContainerRecord): readonly string[] {
  const hasNames = endpoints.some(({ network }) => context.networks.find(network).name !== defaultNetwork);
  return hasNames && !spec.dns.servers.some((server) => /^127\.|^::1$/.test(server)) ? spec.dns.servers : [];
}

/** Hosts with `host-gateway` put in; `hasNames`: the host itself has a name there. */
export function hostNames(
  context: ContainerContext,
  hosts: ContainerRecord["spec"]["extraHosts"],
  { hasNames }: { readonly hasNames: boolean },
): Pick<RunRequest["names"], "extraHosts" | "nameservers"> {
  const { hostGateway, hostPortsAddress } = context.runtime.network;
  const given = hosts.map(({ host, address }) => ({
    host,
    address: address === "host-gateway" ? hostGateway : address,
  }));
  const own = [
    ...(hasNames ? [{ host: hostName, address: hostGateway }] : []),
    { host: exposedHostName, address: hasNames ? hostPortsAddress : loopback },
  ].filter(({ host }) => !given.some((known) => known.host === host));
  return { extraHosts: [...given, ...own], nameservers: [embeddedDns] };
}

/** With the network of another container comes its name. */
function hostnameOf(context: ContainerContext, networkMode: NetworkMode, own: string): string {
  if (networkMode.kind !== "container") return own;
  const { run, record } = otherContainer(context, networkMode.container);
  // It may have got it in the same way.
  return run?.spec?.hostname ?? record.config.hostname;
}

/** Docker Desktop's name for the host; here it is there without being asked for. */
const hostName = "host.docker.internal";
/** Where the ports answer that a test exposes; on the host's own network that is the host itself. */
const exposedHostName = "host.testcontainers.internal";
const loopback = "127.0.0.1";
const embeddedDns = "127.0.0.11";
const defaultNetwork = "bridge";

function namespaceMode(context: ContainerContext, mode: string | undefined, kind: "pid" | "ipc" | "uts"): string {
  if (mode === undefined || ["", "private", "shareable"].includes(mode)) return "private";
  if (mode === "host" || mode === "none") return mode;
  if (mode.startsWith("container:")) {
    const other = otherContainer(context, mode.slice("container:".length));
    if (other.run === undefined) {
      throw new RuncibleError(
        "container-not-running",
        `cannot join ${kind} namespace of a non running container: ${other.id}`,
      );
    }
    if (other.record.standIn !== undefined) {
      const text = `join ${kind} namespace of container ${other.id}: the engine itself stands in for it, in namespaces of its own`;
      throw new RuncibleError("invalid-argument", text);
    }
    return join("/proc", String(other.run.process.pid), "ns", kind);
  }
  throw new RuncibleError("invalid-argument", `invalid ${kind} mode: ${mode}`);
}

function otherContainer(context: ContainerContext, ref: string): Container {
  return context.index.find(
    ref,
    (missing) => new RuncibleError("container-not-found", `No such container: ${missing}`),
  );
}
