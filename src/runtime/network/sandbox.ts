import { cleanUp } from "../../internal/clean-up";
import { RuncibleError } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { Mutex } from "../../internal/mutex";
import type { AddressPool } from "./address-pool";
import type { AgentClient } from "./agent-client";
import type { DialOutcome } from "./agent-protocol";
import type { NamedEndpoint } from "./dns/zone";
import { ipBatch, ipBatches, ipBatchForced } from "./ip-batch";
import {
  type EndpointPlan,
  linkName,
  macAddressOf,
  nextInterfaceName,
  planAddress,
  planCable,
  planRoutes,
} from "./link-plan";
import type { OpenReservation } from "./ports/port-reservations";
import type { EndpointRequest, EndpointState, NetworkDefinition, Sandbox } from "./stack";

/** A network as the stack keeps it. */
export interface Network {
  readonly definition: NetworkDefinition;
  readonly bridge: string;
  readonly addresses: AddressPool;
  /** Endpoint ids. */
  readonly endpoints: Set<string>;
}

/** What a sandbox needs of the stack. */
export interface SandboxHome {
  readonly agent: AgentClient;
  /** Throws `network-not-found`. */
  network(id: string): Network;
  discard(path: string): Promise<void>;
  /** Nobody reaches it any more. `gone`: neither are its links, its addresses and its namespace's file there. */
  onClosed(sandbox: Sandbox, networkIds: readonly string[], gone: Promise<void>): void;
  /** Waits until those that are closed have gone from these networks. */
  othersGone(networkIds: readonly string[]): Promise<void>;
}

interface Endpoint extends EndpointPlan {
  readonly network: Network;
  readonly dnsNames: readonly string[];
  readonly resolvers: readonly string[];
}

export interface SandboxRequest {
  readonly containerId: string;
  readonly path: string;
  readonly endpoints: readonly EndpointRequest[];
  readonly ports: OpenReservation | undefined;
}

/** A sandbox that is wired before there is a container for it. */
export interface SpareSandbox extends Sandbox {
  /** Makes it the container's. From now on it has names, and its published ports a target. */
  adopt(owner: Omit<SandboxRequest, "path" | "endpoints"> & { readonly dnsNames: readonly string[] }): Promise<void>;
}

/**
 * Wires a fresh namespace. Throws `network-not-found`, `no-address-left`, `invalid-argument`, and then it is closed.
 */
export async function wireSandbox(home: SandboxHome, request: SandboxRequest): Promise<SpareSandbox> {
  const sandbox = new WiredSandbox(home, request);
  try {
    await sandbox.wire(request.endpoints);
    return sandbox;
  } catch (error) {
    await sandbox.close();
    throw error;
  }
}

class WiredSandbox implements SpareSandbox {
  readonly path: string;
  readonly #home: SandboxHome;
  #containerId: string;
  #ports: OpenReservation | undefined;
  /** Changes come one after the other. */
  readonly #changes = new Mutex();
  #endpoints: readonly Endpoint[] = [];
  #closed: Promise<void> | undefined;

  constructor(home: SandboxHome, { containerId, path, ports }: SandboxRequest) {
    this.#home = home;
    this.#containerId = containerId;
    this.#ports = ports;
    this.path = path;
  }

  get endpoints(): readonly EndpointState[] {
    return this.#endpoints.map(stateOf);
  }

  wire(requests: readonly EndpointRequest[]): Promise<readonly EndpointState[]> {
    return this.#changes.run(async () => {
      if (this.#closed !== undefined) throw alreadyClosed(this.#containerId);
      // Their addresses come first: who starts after a stop gets what became free, as with Docker.
      await this.#home.othersGone(requests.map(({ networkId }) => networkId));
      const added = this.#claimAll(requests);
      try {
        const { namespacePath } = this.#home.agent;
        const all = [...this.#endpoints, ...added];
        await ipBatches([
          { namespacePath, commands: added.flatMap((endpoint) => planCable(endpoint, this.path)) },
          { namespacePath: this.path, commands: [...added.flatMap(planAddress), ...planRoutes(all)] },
        ]);
        this.#endpoints = all;
        await this.#announce();
        return added.map(stateOf);
      } catch (error) {
        this.#endpoints = this.#endpoints.filter((endpoint) => !added.includes(endpoint));
        await this.#cut(added);
        throw error;
      }
    });
  }

  adopt({ containerId, dnsNames, ports }: Parameters<SpareSandbox["adopt"]>[0]): Promise<void> {
    return this.#changes.run(async () => {
      this.#containerId = containerId;
      this.#ports = ports;
      this.#endpoints = this.#endpoints.map((endpoint) => ({ ...endpoint, dnsNames }));
      await this.#announce();
    });
  }

  async connect(request: EndpointRequest): Promise<EndpointState> {
    const [state] = await this.wire([request]);
    if (state === undefined) throw new RuncibleError("internal", "connect container: no endpoint was made");
    return state;
  }

  disconnect(networkId: string): Promise<void> {
    return this.#changes.run(async () => {
      const removed = this.#endpoints.filter((endpoint) => endpoint.network.definition.id === networkId);
      this.#endpoints = this.#endpoints.filter((endpoint) => !removed.includes(endpoint));
      await this.#announce();
      await this.#cut(removed);
      if (removed.length > 0) await ipBatch(planRoutes(this.#endpoints), this.path);
    });
  }

  setDnsNames(networkId: string, dnsNames: readonly string[]): Promise<void> {
    return this.#changes.run(async () => {
      this.#endpoints = this.#endpoints.map((endpoint) =>
        endpoint.network.definition.id === networkId ? { ...endpoint, dnsNames } : endpoint,
      );
      await this.#announceNames();
    });
  }

  get publishedAddress(): string | undefined {
    return this.#endpoints[0]?.ipv4Address;
  }

  async dial(port: number, timeoutMs: number): Promise<DialOutcome | undefined> {
    const address = this.publishedAddress;
    return address === undefined ? undefined : this.#home.agent.dial({ address, port, timeoutMs });
  }

  close(): Promise<void> {
    this.#closed ??= this.#changes.run(async () => {
      const removed = this.#endpoints;
      this.#endpoints = [];
      // An agent that ended has closed its ports and forgotten its names.
      await Promise.allSettled([this.#ports?.release(), this.#announceNames()]);
      const networkIds = removed.map(({ network }) => network.definition.id);
      this.#home.onClosed(this, networkIds, this.#dismantle(removed));
    });
    return this.#closed;
  }

  /** Nobody waits for it: cutting a cable alone takes the kernel a good ten milliseconds. */
  async #dismantle(endpoints: readonly Endpoint[]): Promise<void> {
    await Promise.all([this.#cut(endpoints), cleanUp(() => this.#home.discard(this.path), ignore)]);
  }

  #claimAll(requests: readonly EndpointRequest[]): readonly Endpoint[] {
    const claimed: Endpoint[] = [];
    try {
      for (const request of requests) claimed.push(this.#claim(request, claimed));
      return claimed;
    } catch (error) {
      for (const endpoint of claimed) giveBack(endpoint);
      throw error;
    }
  }

  #claim(request: EndpointRequest, claimed: readonly Endpoint[]): Endpoint {
    const network = this.#home.network(request.networkId);
    const others = [...this.#endpoints, ...claimed];
    if (others.some((endpoint) => endpoint.network === network)) {
      throw new RuncibleError(
        "invalid-argument",
        `connect container ${this.#containerId}: it is on network ${network.definition.name} already`,
      );
    }
    const ipv4Address = network.addresses.take(request.ipv4Address);
    const endpointId = randomId();
    network.endpoints.add(endpointId);
    return {
      network,
      endpointId,
      ipv4Address,
      dnsNames: request.dnsNames,
      resolvers: request.resolvers ?? [],
      bridge: network.bridge,
      prefixLength: network.addresses.prefixLength,
      gateway: network.definition.gateway,
      isInternal: network.definition.isInternal,
      macAddress: request.macAddress ?? macAddressOf(ipv4Address),
      interfaceName: nextInterfaceName(others.map(({ interfaceName }) => interfaceName)),
      gatewayPriority: request.gatewayPriority ?? 0,
    };
  }

  /** Tells the agent who is where; before the container can ask, or be asked for. */
  async #announce(): Promise<void> {
    const target = {
      address: this.publishedAddress,
      gateways: this.#endpoints.map(({ gateway }) => gateway),
    };
    await Promise.all([this.#announceNames(), this.#ports?.setTarget(target)]);
  }

  async #announceNames(): Promise<void> {
    const endpoints = this.#endpoints.map(namedEndpoint);
    await this.#home.agent.request({ kind: "names", sandboxId: this.path, endpoints });
  }

  /** Deleting one end of a cable deletes the other, with its routes. An address is free once its cable is gone. */
  async #cut(endpoints: readonly Endpoint[]): Promise<void> {
    const commands = endpoints.map(({ endpointId }) => `link del ${linkName(endpointId)}`);
    await cleanUp(async () => {
      await ipBatchForced(commands, this.#home.agent.namespacePath);
      for (const endpoint of endpoints) giveBack(endpoint);
    }, ignore);
  }
}

/** A namespace or a cable that is gone already is what is wanted. */
function ignore(): void {}

function giveBack({ network, endpointId, ipv4Address }: Endpoint): void {
  network.addresses.give(ipv4Address);
  network.endpoints.delete(endpointId);
}

function stateOf(endpoint: Endpoint): EndpointState {
  const { network, endpointId, ipv4Address, prefixLength, gateway, macAddress, interfaceName } = endpoint;
  return {
    networkId: network.definition.id,
    endpointId,
    ipv4Address,
    prefixLength,
    gateway,
    macAddress,
    interfaceName,
  };
}

function namedEndpoint({ network, ipv4Address, dnsNames, resolvers }: Endpoint): NamedEndpoint {
  const { id, name, answersNames, isInternal } = network.definition;
  return {
    networkId: id,
    networkName: name,
    answersNames,
    isInternal,
    address: ipv4Address,
    names: dnsNames,
    resolvers,
  };
}

function alreadyClosed(containerId: string): RuncibleError {
  return new RuncibleError("container-not-running", `connect container ${containerId}: it has ended`);
}
