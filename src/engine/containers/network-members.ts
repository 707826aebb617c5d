import { RuncibleError } from "../../internal/errors";
import { changeHostsAddresses } from "../../runtime/network-files";
import type { NetworkMembers } from "../networks/network-service";
import type { EndpointSpec } from "../routes/container-spec";
import type { NetworkEndpointView } from "../routes/network-service";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { findContainer } from "./find";
import { endpointRequestOf } from "./run-request";

/** What networks need to know of containers, and do to them. */
export function createNetworkMembers(context: ContainerContext): NetworkMembers {
  return {
    endpointsIn: (networkId) => context.index.values().flatMap((container) => endpointViews(container, networkId)),
    connect: (networkId, ref, endpoint) => {
      const container = findContainer(context, ref);
      return container.lock.run(() => connect(context, container, { ...endpoint, network: networkId }));
    },
    disconnect: (networkId, ref, { force }) => {
      const container = findContainer(context, ref);
      return container.lock.run(() => disconnect(context, container, networkId, force));
    },
  };
}

function endpointViews(container: Container, networkId: string): readonly NetworkEndpointView[] {
  const live = container.run?.sandbox?.endpoints.filter((endpoint) => endpoint.networkId === networkId) ?? [];
  return live.map(({ endpointId, macAddress, ipv4Address, prefixLength }) => ({
    containerId: container.id,
    containerName: container.name,
    endpointId,
    macAddress,
    ipv4Address: `${ipv4Address}/${prefixLength}`,
  }));
}

async function connect(context: ContainerContext, container: Container, endpoint: EndpointSpec): Promise<void> {
  const network = context.networks.find(endpoint.network);
  const { endpoints, spec } = container.record;
  if (spec.networkMode.kind === "host" || spec.networkMode.kind === "container") {
    throw new RuncibleError(
      "invalid-argument",
      "container sharing network namespace with another container or host cannot be connected to any other network",
    );
  }
  if (network.name === "bridge" && endpoint.ipv4Address !== undefined) {
    throw new RuncibleError("invalid-argument", "user specified IP address is supported on user defined networks only");
  }
  if (endpoints.some((known) => context.networks.tryFind(known.network)?.id === network.id)) {
    throw new RuncibleError(
      "network-in-use",
      `endpoint with name ${container.name} already exists in network ${network.name}`,
    );
  }
  const added = { ...endpoint, network: network.name };
  if (container.run?.sandbox !== undefined) {
    await context.networks.ready(network.id);
    const { ipv4Address } = await container.run.sandbox.connect(endpointRequestOf(context, container.record, added));
    await changeHosts(container, { added: [ipv4Address], removed: [] });
  }
  await container.change({ endpoints: [...endpoints, added] });
  publish(context, container, "connect", network);
}

async function disconnect(
  context: ContainerContext,
  container: Container,
  networkId: string,
  force: boolean,
): Promise<void> {
  const network = context.networks.find(networkId);
  const { endpoints } = container.record;
  const isThis = ({ network: ref }: EndpointSpec): boolean => context.networks.tryFind(ref)?.id === networkId;
  if (!endpoints.some(isThis)) {
    if (force) return;
    throw new RuncibleError("internal", `container ${container.id} is not connected to network ${network.name}`);
  }
  const removed = container.run?.sandbox?.endpoints.filter((endpoint) => endpoint.networkId === networkId) ?? [];
  await container.run?.sandbox?.disconnect(networkId);
  await changeHosts(container, { added: [], removed: removed.map(({ ipv4Address }) => ipv4Address) });
  await container.change({ endpoints: endpoints.filter((endpoint) => !isThis(endpoint)) });
  publish(context, container, "disconnect", network);
}

/** Programs look up their own name to find the address to bind to. */
async function changeHosts(
  { folder, record, run }: Container,
  change: { readonly added: readonly string[]; readonly removed: readonly string[] },
): Promise<void> {
  if (run?.sandbox === undefined) return;
  const names = { folder, hostname: record.config.hostname, domainname: record.spec.domainname ?? "" };
  await changeHostsAddresses(names, change);
}

function publish(
  context: ContainerContext,
  container: Container,
  action: string,
  network: { readonly id: string; readonly name: string },
): void {
  context.events.publish({
    type: "network",
    action,
    id: network.id,
    attributes: { container: container.id, name: network.name, type: "bridge" },
  });
}
