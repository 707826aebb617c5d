import type { EndpointSettings } from "../../wire/network";
import type { Project, Service, ServiceNetwork } from "../model/project";
import { textMap } from "./text-map";

export interface Endpoint {
  /** Of the engine's network. */
  readonly name: string;
  readonly endpoint: EndpointSettings;
}

/** The networks a container joins, in order, with the names it has there. */
export function endpointsOf(
  project: Project,
  serviceName: string,
  service: Service,
  container: string,
): readonly Endpoint[] {
  return Object.entries(service.networks ?? {}).map(([key, network], index) => ({
    name: project.networks[key]?.name ?? key,
    endpoint: endpointOf(network, {
      aliases: [container, serviceName, ...(network.aliases ?? []), ...linkNames(project, serviceName, key)],
      mac: network.mac_address ?? (index === 0 ? service.mac_address : undefined),
    }),
  }));
}

function endpointOf(
  network: ServiceNetwork,
  { aliases, mac }: { readonly aliases: readonly string[]; readonly mac: string | undefined },
): EndpointSettings {
  const { ipv4_address, ipv6_address, driver_opts, gw_priority } = network;
  const ipam = {
    ...(ipv4_address === undefined ? {} : { IPv4Address: ipv4_address }),
    ...(ipv6_address === undefined ? {} : { IPv6Address: ipv6_address }),
  };
  return {
    Aliases: [...new Set(aliases)],
    ...(Object.keys(ipam).length === 0 ? {} : { IPAMConfig: ipam }),
    ...(mac === undefined ? {} : { MacAddress: mac }),
    ...(driver_opts === undefined ? {} : { DriverOpts: textMap(driver_opts) }),
    ...(gw_priority === undefined ? {} : { GwPriority: gw_priority }),
  };
}

/**
 * Names that others give the service by `links`. They become names in the networks both are in: links of their own are
 * something that not every daemon has for networks.
 */
function linkNames(project: Project, serviceName: string, network: string): readonly string[] {
  return Object.values(project.services).flatMap(({ links = [], networks = {} }) =>
    links.flatMap((link) => {
      const [target, alias] = link.split(":");
      return target === serviceName && alias !== undefined && Object.hasOwn(networks, network) ? [alias] : [];
    }),
  );
}
