import { cleanUp } from "../../internal/clean-up";
import { RuncibleError } from "../../internal/errors";
import type { Logger } from "../../internal/log";
import { createAddressPool } from "./address-pool";
import type { AgentClient } from "./agent-client";
import type { BusyCount } from "./busy-count";
import { ipBatch, ipBatchForced } from "./ip-batch";
import { bridgeName, hostPortsAddress, planBridge } from "./link-plan";
import { createPool, type Pool } from "./pool";
import { exposeHostPort } from "./ports/exposed-host-ports";
import { HeldPorts } from "./ports/held-ports";
import { type OpenReservation, reserveHostPorts } from "./ports/port-reservations";
import { type Network, type SandboxHome, type SpareSandbox, wireSandbox } from "./sandbox";
import { discardSandbox } from "./sandbox-pool";
import type {
  EndpointRequest,
  HeldPort,
  HostPortExposure,
  NetworkDefinition,
  NetworkStack,
  PortRequest,
  PortReservation,
  Sandbox,
} from "./stack";
import type { Uplink } from "./uplink/uplink";

/** What a stack is put together from. */
export interface StackParts {
  readonly agent: AgentClient;
  readonly uplink: Uplink;
  readonly pool: Pool<string>;
  /** Of containers. */
  readonly starts: BusyCount;
  readonly logger: Logger;
}

/** The networks in the switch, and the sandboxes on them. */
export class SwitchedStack implements NetworkStack {
  readonly hostGateway: string;
  readonly hostPortsAddress: string = hostPortsAddress;
  readonly #parts: StackParts;
  readonly #home: SandboxHome;
  readonly #closeParts: () => Promise<void>;
  readonly #networks = new Map<string, Network>();
  readonly #sandboxes = new Set<Sandbox>();
  /** Of sandboxes that are closed, with the networks that they were on. */
  readonly #dismantling = new Map<Promise<void>, readonly string[]>();
  /** By network. */
  readonly #spares = new Map<string, Pool<SpareSandbox>>();
  /** By what the caller holds of them. */
  readonly #reservations = new WeakMap<PortReservation, OpenReservation>();
  readonly #heldPorts = new HeldPorts();

  constructor(parts: StackParts, closeParts: () => Promise<void>) {
    this.#parts = parts;
    this.#home = {
      agent: parts.agent,
      network: (id) => this.#network(id),
      discard: discardSandbox,
      onClosed: (closed, networkIds, gone) => this.#follow(closed, networkIds, gone),
      othersGone: (networkIds) => this.#closedAreGone(networkIds),
    };
    this.#closeParts = closeParts;
    this.hostGateway = parts.uplink.hostGateway;
  }

  async addNetwork(definition: NetworkDefinition): Promise<void> {
    const { id, subnet, gateway, ipRange } = definition;
    const bridge = bridgeName(definition);
    const addresses = createAddressPool(subnet, gateway, ipRange);
    const plan = planBridge({ bridge, gateway, prefixLength: addresses.prefixLength });
    const { namespacePath } = this.#parts.agent;
    try {
      await ipBatch(plan, namespacePath);
    } catch (error) {
      await this.#removeLink(bridge);
      throw error;
    }
    this.#networks.set(id, { definition, bridge, addresses, endpoints: new Set() });
    if (definition.spareSandboxes) this.#spares.set(id, this.#openSpares(definition, definition.spareSandboxes));
  }

  async removeNetwork(id: string): Promise<void> {
    const network = this.#networks.get(id);
    if (network === undefined) return;
    await this.#closeSpares(id);
    await this.#closedAreGone([id]);
    if (network.endpoints.size > 0) {
      throw new RuncibleError("network-in-use", `remove network ${network.definition.name}: it has active endpoints`);
    }
    this.#networks.delete(id);
    await this.#removeLink(network.bridge);
  }

  async reservePorts(requests: readonly PortRequest[]): Promise<PortReservation> {
    const reservation = await reserveHostPorts({ agent: this.#parts.agent, held: this.#heldPorts }, requests);
    this.#reservations.set(reservation, reservation);
    return reservation;
  }

  holdPort(holder: string): Promise<HeldPort> {
    return this.#heldPorts.hold(holder);
  }

  exposeHostPort(port: number): Promise<HostPortExposure> {
    return exposeHostPort(this.#parts.agent, { address: hostPortsAddress, port });
  }

  async openSandbox(request: Parameters<NetworkStack["openSandbox"]>[0]): Promise<Sandbox> {
    const { containerId, endpoints } = request;
    const ports = request.ports === undefined ? undefined : this.#reservations.get(request.ports);
    const spare = await this.#takeSpare(endpoints);
    if (spare !== undefined) {
      const dnsNames = endpoints.flatMap((endpoint) => endpoint.dnsNames);
      await spare.adopt({ containerId, dnsNames, ports }).catch(async (error: unknown) => {
        await spare.close();
        throw error;
      });
      return spare;
    }
    return await this.#wire({ containerId, endpoints, ports });
  }

  async duringStart<T>(start: () => Promise<T>): Promise<T> {
    try {
      return await this.#parts.starts.during(start);
    } finally {
      for (const pool of [this.#parts.pool, ...this.#spares.values()]) pool.refill();
    }
  }

  async close(): Promise<void> {
    this.#heldPorts.close();
    await Promise.all([...this.#spares.keys()].map((id) => this.#closeSpares(id)));
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.close()));
    await Promise.all(this.#dismantling.keys());
    await this.#closeParts();
  }

  async #removeLink(name: string): Promise<void> {
    await cleanUp(
      () => ipBatchForced([`link del ${name}`], this.#parts.agent.namespacePath),
      (error) => this.#parts.logger.warn("remove link", { name, error }),
    );
  }

  #follow(closed: Sandbox, networkIds: readonly string[], gone: Promise<void>): void {
    this.#sandboxes.delete(closed);
    this.#dismantling.set(gone, networkIds);
    void gone.finally(() => this.#dismantling.delete(gone));
  }

  async #closedAreGone(networkIds: readonly string[]): Promise<void> {
    const leaving = [...this.#dismantling].filter(([, left]) => left.some((id) => networkIds.includes(id)));
    await Promise.all(leaving.map(([gone]) => gone));
  }

  #network(id: string): Network {
    const network = this.#networks.get(id);
    if (network === undefined) throw new RuncibleError("network-not-found", `network ${id} not found`);
    return network;
  }

  async #wire(request: Omit<Parameters<typeof wireSandbox>[1], "path">): Promise<SpareSandbox> {
    const { pool } = this.#parts;
    const path = await pool.take();
    try {
      const sandbox = await wireSandbox(this.#home, { ...request, path });
      this.#sandboxes.add(sandbox);
      return sandbox;
    } finally {
      pool.refill();
    }
  }

  #openSpares({ id, name }: NetworkDefinition, size: number): Pool<SpareSandbox> {
    const spares = createPool<SpareSandbox>({
      size,
      make: () => this.#wire({ containerId: "", endpoints: [{ networkId: id, dnsNames: [] }], ports: undefined }),
      discard: (spare) => spare.close(),
      isBusy: () => this.#parts.starts.isBusy,
      onError: (error) => this.#parts.logger.warn(`prepare sandboxes on network ${name}`, { error }),
    });
    spares.refill();
    return spares;
  }

  /** Only for a container that is on this network alone and wants nothing special there. */
  async #takeSpare([first, ...others]: readonly EndpointRequest[]): Promise<SpareSandbox | undefined> {
    const spares = first === undefined ? undefined : this.#spares.get(first.networkId);
    if (first === undefined || spares === undefined) return undefined;
    if (first.ipv4Address !== undefined) {
      // The address may be that of a spare one: it takes precedence over being quick.
      await this.#closeSpares(first.networkId);
      return undefined;
    }
    if (others.length > 0 || first.macAddress !== undefined) return undefined;
    const spare = spares.takeReady();
    spares.refill();
    return spare;
  }

  async #closeSpares(networkId: string): Promise<void> {
    const spares = this.#spares.get(networkId);
    this.#spares.delete(networkId);
    await spares?.close();
  }
}
