import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { RuncibleError } from "../../internal/errors";
import type { Logger } from "../../internal/log";
import { createUndoStack } from "../../internal/undo";
import { startAgent } from "./agent-client";
import type { DialOutcome } from "./agent-protocol";
import { createBusyCount } from "./busy-count";
import { dnsPort, forwardQuery } from "./dns/forwarder";
import { watchResolvers } from "./dns/resolvers";
import { serviceAddress } from "./link-plan";
import { openSandboxPool } from "./sandbox-pool";
import { SwitchedStack } from "./switched-stack";
import { openUplink, type UplinkDriver } from "./uplink/uplink";

export interface NetworkDefinition {
  readonly id: string;
  readonly name: string;
  /** IPv4, CIDR. */
  readonly subnet: string;
  readonly gateway: string;
  /** The part of the subnet that addresses are taken from. Default: all of it. */
  readonly ipRange?: string;
  /** No way out of it, not even to the host. */
  readonly isInternal: boolean;
  /** False on the default bridge, where the name server only forwards. */
  readonly answersNames: boolean;
  /** Sandboxes kept wired in advance, for the network that most containers are on. Default: 0. */
  readonly spareSandboxes?: number;
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
  /** Asked for what no container is called. Default: the host's. */
  readonly resolvers?: readonly string[];
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
  /** May have what this one holds. Default: what anybody holds. */
  readonly holder?: string;
  /** Left out when it is taken, without an error. Default: false. */
  readonly isOptional?: boolean;
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
  /** Where published ports lead to. Undefined: nowhere, it is on no network. */
  readonly publishedAddress: string | undefined;
  /** Throws `network-not-found`, `invalid-argument` (address taken, connected already), `no-address-left`. */
  connect(request: EndpointRequest): Promise<EndpointState>;
  /** Does nothing when it is not connected. */
  disconnect(networkId: string): Promise<void>;
  setDnsNames(networkId: string, names: readonly string[]): Promise<void>;
  /** Connects to a TCP port as a published one does, and hangs up. Undefined: it is on no network. */
  dial(port: number, timeoutMs: number): Promise<DialOutcome | undefined>;
  /**
   * Takes away names and published ports, and then, without being waited for, links, addresses and the namespace's
   * file: whoever needs these again waits by itself. Idempotent.
   */
  close(): Promise<void>;
}

/** A TCP port of the loopback addresses that nobody else can have. */
export interface HeldPort {
  readonly hostPort: number;
  /** Gives it up, unless a container has it by now. Idempotent. */
  close(): void;
}

export interface HostPortExposure {
  /** No further connections; those that are there go on. Idempotent. */
  close(): void;
}

export interface NetworkStack {
  /** Address at which containers reach the host. */
  readonly hostGateway: string;
  /** Address at which containers reach what `exposeHostPort` exposes, on whatever network they are. */
  readonly hostPortsAddress: string;
  addNetwork(network: NetworkDefinition): Promise<void>;
  /** Throws `network-in-use`; an unknown one is gone already. */
  removeNetwork(id: string): Promise<void>;
  /** Listens at once; connections wait for the sandbox. Throws `port-in-use` with evidence { hostIp, hostPort }. */
  reservePorts(requests: readonly PortRequest[]): Promise<PortReservation>;
  /** Keeps any free port until a later `reservePorts` of the same holder asks for it. Throws `port-in-use`. */
  holdPort(holder: string): Promise<HeldPort>;
  /**
   * Lets containers connect to a TCP port of this machine, also to one that only its own programs reach, until the
   * exposure is closed. Not to be called twice for one port.
   */
  exposeHostPort(port: number): Promise<HostPortExposure>;
  /** No endpoints: loopback only. Throws as `Sandbox.connect`. */
  openSandbox(request: {
    readonly containerId: string;
    readonly endpoints: readonly EndpointRequest[];
    readonly ports?: PortReservation;
  }): Promise<Sandbox>;
  /** Starts a container. Nothing is made in advance meanwhile, which would share the processor with it. */
  duringStart<T>(start: () => Promise<T>): Promise<T>;
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
  /** Of the host's resolvers. Default: 53. */
  readonly resolverPort?: number;
  /** Namespaces made in advance. Default: 3. */
  readonly poolSize?: number;
  /** The networks are gone for good, and whoever uses the stack has to start over. Default: only logged. */
  readonly onLost?: (error: RuncibleError) => void;
  /** Default: the best one there is, see uplink.ts. */
  readonly uplink?: UplinkDriver;
}

/** Starts the switch and its agent. Throws `tool-missing`, `capability-missing`, `no-address-left`. */
export async function startNetworkStack(options: NetworkStackOptions): Promise<NetworkStack> {
  const { engineId, runFolder, logger } = options;
  const undo = createUndoStack();
  const close = (): Promise<void> => undo.unwind((error) => logger.warn("take down container networks", { error }));
  try {
    await mkdir(runFolder, { recursive: true });
    const starts = createBusyCount();
    const pool = await openSandboxPool(join(runFolder, "netns"), { size: options.poolSize ?? 3, starts, logger });
    undo.push(pool.close);
    pool.refill();
    const resolvers = watchResolvers(options.resolvConfPath ?? "/etc/resolv.conf");
    const agent = await startAgent({
      agentPath: options.agentPath ?? join(__dirname, "agent-main.js"),
      forward: async (query, isTcp) =>
        await forwardQuery(await resolvers.current(), { query, isTcp, port: options.resolverPort ?? dnsPort }),
      logger,
      onLost: (error) => {
        logger.error("container networks are lost", { error });
        options.onLost?.(error);
      },
    });
    undo.push(agent.close);
    const uplink = await openUplink({ agent, engineId, runFolder, logger }, options.uplink);
    undo.push(uplink.close);
    await agent.request({ kind: "serve-names", address: serviceAddress });
    return new SwitchedStack({ agent, uplink, pool, starts, logger }, close);
  } catch (error) {
    await close();
    throw error;
  }
}
