import { shortId } from "../../internal/ids";
import type { NetworkSettings, PortMap, PortSummary } from "../../wire/container";
import type { EndpointSettings } from "../../wire/network";
import { formatPortKey } from "../../wire/ports";
import { type ApiVersion, isAtLeast } from "../../wire/versions";
import type { ContainerView, EndpointView, PublishedPort } from "./container-view";

export function encodeNetworkSettings(view: ContainerView, version: ApiVersion): NetworkSettings {
  const bridge = view.endpoints.find(({ network }) => network === "bridge");
  return {
    Bridge: "",
    SandboxID: view.sandboxKey === "" ? "" : view.id,
    SandboxKey: view.sandboxKey,
    Ports: encodePorts(view.ports),
    HairpinMode: false,
    LinkLocalIPv6Address: "",
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.endpointId ?? "",
    Gateway: bridge?.gateway ?? "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    IPAddress: bridge?.ipv4Address ?? "",
    IPPrefixLen: bridge?.ipv4PrefixLength ?? 0,
    IPv6Gateway: "",
    MacAddress: bridge?.macAddress ?? "",
    Networks: encodeEndpoints(view, version),
  };
}

/** By network name, also where the container was made with an id. */
export function encodeEndpoints(view: ContainerView, version: ApiVersion): Readonly<Record<string, EndpointSettings>> {
  const entries = view.endpoints.map((endpoint) => [endpoint.network, encodeEndpoint(endpoint, view.id, version)]);
  return Object.fromEntries(entries);
}

/** Up to API 1.44 the short id was one of the aliases; since then DNSNames has it. */
function encodeEndpoint(endpoint: EndpointView, containerId: string, version: ApiVersion): EndpointSettings {
  const hasDnsNames = isAtLeast(version, 45);
  const isBridge = endpoint.network === "bridge";
  const aliases = hasDnsNames || isBridge ? endpoint.aliases : [...endpoint.aliases, shortId(containerId)];
  return {
    IPAMConfig: encodeIpam(endpoint),
    Links: nullIfEmpty(endpoint.links),
    Aliases: nullIfEmpty(aliases),
    MacAddress: endpoint.macAddress,
    DriverOpts: Object.keys(endpoint.driverOptions).length === 0 ? null : endpoint.driverOptions,
    NetworkID: endpoint.networkId,
    EndpointID: endpoint.endpointId,
    Gateway: endpoint.gateway,
    IPAddress: endpoint.ipv4Address,
    IPPrefixLen: endpoint.ipv4PrefixLength,
    IPv6Gateway: "",
    GlobalIPv6Address: "",
    GlobalIPv6PrefixLen: 0,
    ...(hasDnsNames ? { DNSNames: nullIfEmpty(endpoint.dnsNames) } : {}),
  };
}

function encodeIpam({ requestedIpv4Address }: EndpointView): NonNullable<EndpointSettings["IPAMConfig"]> | null {
  return requestedIpv4Address === undefined ? null : { IPv4Address: requestedIpv4Address };
}

function encodePorts(ports: readonly PublishedPort[]): PortMap {
  const entries = ports.map(({ containerPort, bindings }) => [
    formatPortKey(containerPort),
    bindings.length === 0
      ? null
      : bindings.map(({ hostIp, hostPort }) => ({ HostIp: hostIp, HostPort: String(hostPort) })),
  ]);
  return Object.fromEntries(entries);
}

/** One entry per host binding; an exposed port that is not published has one without. */
export function encodePortSummaries(ports: readonly PublishedPort[]): readonly PortSummary[] {
  return ports.flatMap(({ containerPort, bindings }) => {
    const inside = { PrivatePort: containerPort.port, Type: containerPort.protocol };
    if (bindings.length === 0) return [inside];
    return bindings.map(({ hostIp, hostPort }) => ({ IP: hostIp, PublicPort: hostPort, ...inside }));
  });
}

function nullIfEmpty(list: readonly string[]): readonly string[] | null {
  return list.length === 0 ? null : list;
}
