import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { RuncibleError } from "../../internal/errors";
import type { Logger } from "../../internal/log";
import { createUndoStack } from "../../internal/undo";
import { createAddressPool } from "./address-pool";
import { type AgentClient, startAgent } from "./agent-client";
import { forwardQuery } from "./dns-forwarder";
import { ipBatch, ipBatchForced } from "./ip-batch";
import { bridgeName, planBridge, serviceAddress } from "./link-plan";
import { type OpenReservation, reserveHostPorts } from "./port-reservations";
import { watchResolvers } from "./resolvers";
import { type Network, wireSandbox } from "./sandbox";
import { openSandboxPool, type SandboxPool } from "./sandbox-pool";
import { openUplink, type Uplink } from "./uplink";

export interface NetworkDefinition {
  readonly id: string;
  readonly name: string;
  /** IPv4, CIDR. */
  readonly subnet: string;
  readonly gateway: string;
  /** No way out of it, not even to the host. */
  readonly isInternal: boolean;
  /** False on the default bridge, where the name server only forwards. */
  readonly answersNames: boolean;
}

export interface EndpointRequest {
  readonly networkId: string;
  /** What others on the network find it by; the first is also the answer to a reverse question. */
  readonly dnsNames: readonly string[];
  /** Default: the lowest free one. */
  readonly ipv4Address?: string;
  /** Default: 02:42 and the address. */
  readonly macAddress?: string;
  /** The highest gets the default route, the first among equals. Default: 0. */
  readonly gatewayPriority?: number;
}

export interface EndpointState {
  readonly networkId: string;
  /** 64 hexadecimal digits. */
  readonly endpointId: string;
  readonly ipv4Address: string;
  readonly prefixLength: number;
  readonly gateway: string;
  readonly macAddress: string;
  readonly interfaceName: string;
}

export interface PortRequest {
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
  /** Default: 127.0.0.1 and, where there is one, ::1. */
  readonly hostIp?: string;
  /** Both 0: any free one. */
  readonly hostPort: { readonly first: number; readonly last: number };
}

export interface PortBinding {
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp";
  readonly hostIp: string;
  readonly hostPort: number;
}

export interface PortReservation {
  /** In the order asked for; a request without address gives one for each. */
  readonly bindings: readonly PortBinding[];
  /** Closes the listeners. Idempotent; a sandbox that has the reservation does it at its end. */
  release(): Promise<void>;
}

export interface Sandbox {
  /** Network namespace file. */
  readonly path: string;
  readonly endpoints: readonly EndpointState[];
  /** Throws `network-not-found`, `invalid-argument` (address taken, connected already), `no-address-left`. */
  connect(request: EndpointRequest): Promise<EndpointState>;
  /** Does nothing when it is not connected. */
  disconnect(networkId: string): Promise<void>;
  setDnsNames(networkId: string, names: readonly string[]): Promise<void>;
  /** Links, addresses, names, published ports and the namespace's file. Idempotent. */
  close(): Promise<void>;
}

export interface NetworkStack {
  /** Address at which containers reach the host. */
  readonly hostGateway: string;
  addNetwork(network: NetworkDefinition): Promise<void>;
  /** Throws `network-in-use`; an unknown one is gone already. */
  removeNetwork(id: string): Promise<void>;
  /** Listens at once; connections wait for the sandbox. Throws `port-in-use` with evidence { hostIp, hostPort }. */
  reservePorts(requests: readonly PortRequest[]): Promise<PortReservation>;
  /** No endpoints: loopback only. Throws as `Sandbox.connect`. */
  openSandbox(request: {
    readonly containerId: string;
    readonly endpoints: readonly EndpointRequest[];
    readonly ports?: PortReservation;
  }): Promise<Sandbox>;
  /** Takes everything down. Idempotent. */
  close(): Promise<void>;
}

export interface NetworkStackOptions {
  /** 8 hexadecimal digits: names what must be unique on the host. */
  readonly engineId: string;
  /** On a private tmpfs: the sandboxes' files are mounts in it. */
  readonly runFolder: string;
  readonly logger: Logger;
  /** Default: the compiled file beside this one. */
  readonly agentPath?: string;
  /** Default: /etc/resolv.conf. */
  readonly resolvConfPath?: string;
  /** Namespaces made in advance. Default: 3. */
  readonly poolSize?: number;
}

/** Starts the switch and its agent. Throws `tool-missing`, `capability-missing`, `no-address-left`. */
export async function startNetworkStack(options: NetworkStackOptions): Promise<NetworkStack> {
  const { engineId, runFolder, logger } = options;
  const undo = createUndoStack();
  const close = (): Promise<void> => undo.unwind((error) => logger.warn("take down container networks", { error }));
  try {
    await mkdir(runFolder, { recursive: true });
    const pool = await openSandboxPool(join(runFolder, "netns"), options.poolSize ?? 3, logger);
    undo.push(pool.close);
    const resolvers = watchResolvers(options.resolvConfPath ?? "/etc/resolv.conf");
    const agent = await startAgent({
      agentPath: options.agentPath ?? join(__dirname, "agent-main.js"),
      forward: (query, isTcp) => forwardQuery(resolvers, query, isTcp),
      logger,
    });
    undo.push(agent.close);
    const uplink = await openUplink(agent, engineId, logger);
    undo.push(uplink.close);
    await agent.request({ kind: "serve-names", address: serviceAddress });
    return new SwitchedStack({ agent, uplink, pool }, close);
  } catch (error) {
    await close();
    throw error;
  }
}

interface StackParts {
  readonly agent: AgentClient;
  readonly uplink: Uplink;
  readonly pool: SandboxPool;
}

class SwitchedStack implements NetworkStack {
  readonly hostGateway: string;
  readonly #parts: StackParts;
  readonly #closeParts: () => Promise<void>;
  readonly #networks = new Map<string, Network>();
  readonly #sandboxes = new Set<Sandbox>();
  /** By what the caller holds of them. */
  readonly #reservations = new WeakMap<PortReservation, OpenReservation>();

  constructor(parts: StackParts, closeParts: () => Promise<void>) {
    this.#parts = parts;
    this.#closeParts = closeParts;
    this.hostGateway = parts.uplink.hostGateway;
  }

  async addNetwork(definition: NetworkDefinition): Promise<void> {
    const { id, subnet, gateway } = definition;
    const bridge = bridgeName(definition);
    const addresses = createAddressPool(subnet, gateway);
    const plan = planBridge({ bridge, gateway, prefixLength: addresses.prefixLength });
    const { namespacePath } = this.#parts.agent;
    try {
      await ipBatch(plan, namespacePath);
    } catch (error) {
      await ipBatchForced([`link del ${bridge}`], namespacePath);
      throw error;
    }
    this.#networks.set(id, { definition, bridge, addresses, endpoints: new Set() });
  }

  async removeNetwork(id: string): Promise<void> {
    const network = this.#networks.get(id);
    if (network === undefined) return;
    if (network.endpoints.size > 0) {
      throw new RuncibleError("network-in-use", `remove network ${network.definition.name}: it has active endpoints`);
    }
    this.#networks.delete(id);
    await ipBatchForced([`link del ${network.bridge}`], this.#parts.agent.namespacePath);
  }

  async reservePorts(requests: readonly PortRequest[]): Promise<PortReservation> {
    const reservation = await reserveHostPorts(this.#parts.agent, requests);
    this.#reservations.set(reservation, reservation);
    return reservation;
  }

  async openSandbox(request: Parameters<NetworkStack["openSandbox"]>[0]): Promise<Sandbox> {
    const { agent, pool } = this.#parts;
    const ports = request.ports === undefined ? undefined : this.#reservations.get(request.ports);
    const home = {
      agent,
      network: (id: string) => this.#network(id),
      discard: pool.discard,
      onClosed: (closed: Sandbox) => this.#sandboxes.delete(closed),
    };
    const path = await pool.take();
    try {
      const sandbox = await wireSandbox(home, { ...request, path, ports });
      this.#sandboxes.add(sandbox);
      return sandbox;
    } finally {
      pool.refill();
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sandboxes].map((sandbox) => sandbox.close()));
    await this.#closeParts();
  }

  #network(id: string): Network {
    const network = this.#networks.get(id);
    if (network === undefined) throw new RuncibleError("network-not-found", `network ${id} not found`);
    return network;
  }
}
