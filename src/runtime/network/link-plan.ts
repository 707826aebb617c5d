import { parseAddress } from "./subnets";

/** Lines for `ip -batch`, in the namespace their name tells. */
export type IpCommands = readonly string[];

/**
 * Where the name server listens inside the switch. Sandboxes rewrite what they send to 127.0.0.11 (Docker's address of
 * the name server) to this one.
 */
export const serviceAddress = "169.254.127.11";

/** Where ports of the host that a test exposes answer inside the switch. */
export const hostPortsAddress = "169.254.127.10";

/** Both of them; every sandbox has a route there, whatever networks it is on. */
const switchServices = "169.254.127.10/31";

/** The switch's end of the link to the host. */
export const uplinkName = "uplink";

export interface BridgePlan {
  readonly bridge: string;
  readonly gateway: string;
  readonly prefixLength: number;
}

export interface EndpointPlan {
  readonly endpointId: string;
  readonly bridge: string;
  readonly ipv4Address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly macAddress: string;
  readonly interfaceName: string;
  readonly isInternal: boolean;
  readonly gatewayPriority: number;
}

/** The prefix decides in the switch's rules whether a network has a way out. 15 characters is the kernel's limit. */
export function bridgeName(network: { readonly id: string; readonly isInternal: boolean }): string {
  return `${network.isInternal ? "in-" : "br-"}${network.id.slice(0, 12)}`;
}

/** The switch's end of an endpoint's link. */
export function linkName(endpointId: string): string {
  return `ve${endpointId.slice(0, 13)}`;
}

/** As Docker: the address decides, so that an address that is used again is not looked up in vain. */
export function macAddressOf(ipv4Address: string): string {
  const digits = parseAddress(ipv4Address).toString(16).padStart(8, "0");
  return ["02", "42", ...(digits.match(/../g) ?? [])].join(":");
}

export function nextInterfaceName(used: readonly string[]): string {
  for (let index = 0; ; index++) {
    if (!used.includes(`eth${index}`)) return `eth${index}`;
  }
}

export function planSwitch(): IpCommands {
  return ["link set lo up", ...[serviceAddress, hostPortsAddress].map((address) => `addr add ${address}/32 dev lo`)];
}

/** The switch's end of a link to the host. */
export function planUplink(uplink: { readonly address: string; readonly gateway: string }): IpCommands {
  return [
    `addr add ${uplink.address}/30 dev ${uplinkName}`,
    `link set ${uplinkName} up`,
    `route add default via ${uplink.gateway} dev ${uplinkName}`,
  ];
}

/** A bridge without a fixed hardware address takes that of a port, and changes it as ports come and go. */
export function planBridge({ bridge, gateway, prefixLength }: BridgePlan): IpCommands {
  return [
    `link add ${bridge} address ${macAddressOf(gateway)} type bridge`,
    `addr add ${gateway}/${prefixLength} dev ${bridge}`,
    `link set ${bridge} up`,
  ];
}

/** In the switch: the cable, its one end in the sandbox, the other in the bridge. */
export function planCable(endpoint: EndpointPlan, sandboxPath: string): IpCommands {
  const link = linkName(endpoint.endpointId);
  const { interfaceName, macAddress, bridge } = endpoint;
  return [
    `link add ${link} type veth peer name ${interfaceName} address ${macAddress} netns ${sandboxPath}`,
    `link set ${link} master ${bridge} up`,
  ];
}

/** In the sandbox. */
export function planAddress({ interfaceName, ipv4Address, prefixLength }: EndpointPlan): IpCommands {
  return [`addr add ${ipv4Address}/${prefixLength} brd + dev ${interfaceName}`, `link set ${interfaceName} up`];
}

/** In the sandbox, after each change of its endpoints: the way out, and the way to the switch's own services. */
export function planRoutes(endpoints: readonly EndpointPlan[]): IpCommands {
  const [first] = endpoints;
  const exit = defaultRouteOf(endpoints);
  return [
    ...(first === undefined ? [] : [routeVia(first, switchServices)]),
    ...(exit === undefined ? [] : [routeVia(exit, "default")]),
  ];
}

/** The endpoint with the highest priority, the earliest among equals; an internal network leads nowhere. */
export function defaultRouteOf(endpoints: readonly EndpointPlan[]): EndpointPlan | undefined {
  return endpoints
    .filter(({ isInternal }) => !isInternal)
    .reduce<EndpointPlan | undefined>(
      (best, endpoint) => (best === undefined || endpoint.gatewayPriority > best.gatewayPriority ? endpoint : best),
      undefined,
    );
}

function routeVia({ gateway, interfaceName }: EndpointPlan, target: string): string {
  return `route replace ${target} via ${gateway} dev ${interfaceName}`;
}
