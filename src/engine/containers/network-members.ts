import { RuncibleError } from "../../internal/errors";
import { createUndoStack } from "../../internal/undo";
import { changeHostsAddresses } from "../../runtime/network-files";
import type { NetworkMembers } from "../networks/network-service";
import type { EndpointSpec } from "../routes/container-spec";
import type { NetworkEndpointView } from "../routes/network-service";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { findContainer } from "./find";
import { publishNetworkEvents } from "./publish";
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
  await join(context, container, { ...endpoint, network: network.name }, network.id);
  publishNetworkEvents(context, container, "connect", [network.id]);
}

/** All of it or nothing: a half-made endpoint could be neither made again nor left. */
async function join(
  context: ContainerContext,
  container: Container,
  endpoint: EndpointSpec,
  networkId: string,
): Promise<void> {
  const sandbox = container.run?.sandbox;
  const { endpoints } = container.record;
  const undo = createUndoStack();
  try {
    if (sandbox !== undefined) {
      await context.networks.ready(networkId);
      const { ipv4Address } = await sandbox.connect(endpointRequestOf(context, container.record, endpoint));
      undo.push(() => sandbox.disconnect(networkId));
      await changeHosts(container, { added: [ipv4Address], removed: [] });
      undo.push(() => changeHosts(container, { added: [], removed: [ipv4Address] }));
    }
    undo.push(() => container.change({ endpoints }));
    await container.change({ endpoints: [...endpoints, endpoint] });
  } catch (error) {
    await undo.unwind((failure) =>
      context.logger.warn("undo network connect", { container: container.id, error: failure }),
    );
    throw error;
  }
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
  // The file is the container's to break. It has left the network all the same, and must not count as a member of it.
  await changeHosts(container, { added: [], removed: removed.map(({ ipv4Address }) => ipv4Address) }).catch((error) =>
    context.logger.warn("network disconnect: rewrite hosts file", { container: container.id, error }),
  );
  await container.change({ endpoints: endpoints.filter((endpoint) => !isThis(endpoint)) });
  publishNetworkEvents(context, container, "disconnect", [network.id]);
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
