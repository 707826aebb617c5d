import type { NamedEndpoint } from "./dns/zone";

/** What the engine asks of the network agent. `publish` and `adopt` travel with a handle of the host's namespace. */
export type AgentRequest =
  | { readonly kind: "serve-names"; readonly address: string }
  /** Replaces what is known of a sandbox; no endpoints: forget it. */
  | { readonly kind: "names"; readonly sandboxId: string; readonly endpoints: readonly NamedEndpoint[] }
  /** A listening socket. What comes in waits until the port has a target. */
  | { readonly kind: "publish"; readonly port: PublishedPort }
  /** A connection the engine accepted before its listening socket had moved. */
  | { readonly kind: "adopt"; readonly portId: string }
  | { readonly kind: "target"; readonly portIds: readonly string[]; readonly target: PortTarget }
  | { readonly kind: "unpublish"; readonly portIds: readonly string[] }
  /** Listens in the switch; the reply travels with the listening socket, which is then the engine's. */
  | { readonly kind: "listen"; readonly address: string; readonly port: number }
  /** Connects from the switch and hangs up; the reply travels with the outcome. */
  | { readonly kind: "dial"; readonly address: string; readonly port: number; readonly timeoutMs: number };

/**
 * What came of an attempt to connect. `silent`: nothing came back in time. `unreachable`: all else, as without a route.
 */
export type DialOutcome = "connected" | "refused" | "silent" | "unreachable";

export interface PublishedPort {
  readonly portId: string;
  readonly protocol: "tcp" | "udp";
  readonly hostPort: number;
  readonly containerPort: number;
  /** The same port is to answer on the gateways of the container's networks. */
  readonly onGateways: boolean;
}

export interface PortTarget {
  /** Of the container. Undefined: it is on no network, and connections are reset. */
  readonly address: string | undefined;
  readonly gateways: readonly string[];
}

export type ToAgent =
  | { readonly kind: "request"; readonly id: number; readonly request: AgentRequest }
  /** Undefined: no resolver of the host answered. */
  | { readonly kind: "forwarded"; readonly id: number; readonly response: Uint8Array | undefined };

export type FromAgent =
  | { readonly kind: "ready" }
  | {
      readonly kind: "reply";
      readonly id: number;
      readonly error: string | undefined;
      /** Of a `dial`. */
      readonly outcome?: DialOutcome;
    }
  /** A question for the resolvers of the host, which may be reachable only from its namespace. */
  | { readonly kind: "forward"; readonly id: number; readonly query: Uint8Array; readonly isTcp: boolean };
