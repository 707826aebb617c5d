import { isIPv6 } from "node:net";
import { RuncibleError } from "../../internal/errors";
import type { DialOutcome } from "../../runtime/network/agent-protocol";
import type { ListeningPort } from "../../runtime/network/ports/listening";
import { type ContainerPort, formatPortKey } from "../../wire/ports";

/** In the table of listening sockets, and yet nothing could connect. */
export interface Unreached {
  readonly port: ContainerPort;
  readonly outcome: Exclude<DialOutcome, "connected">;
}

export interface NotListening {
  readonly container: { readonly name: string };
  /** Those that are not in the table, or for the loopback only. */
  readonly silent: readonly ContainerPort[];
  readonly unreached: readonly Unreached[];
  /** All that there is. */
  readonly listening: readonly ListeningPort[];
  /** Ports of TCP at which a socket on `::` takes no IPv4. */
  readonly ipv6Only: ReadonlySet<number>;
  /** Where published ports lead to. */
  readonly address: string | undefined;
  readonly timeoutMs: number;
}

/** The `wait-timeout` of a wait for ports. Its evidence has the ports, and in `seen` what is the case instead. */
export function notListening(wait: NotListening): RuncibleError {
  const { container, silent, unreached, timeoutMs } = wait;
  const ports = [...silent, ...unreached.map(({ port }) => port)].map(formatPortKey).join(", ");
  const seen = describe(wait);
  return new RuncibleError(
    "wait-timeout",
    `wait for ports: nothing in container ${container.name} could be connected to on ${ports} within ${timeoutMs} ms; ${seen}`,
    { evidence: { ports, seen } },
  );
}

export function isSame(one: ContainerPort, other: ContainerPort): boolean {
  return one.port === other.port && one.protocol === other.protocol;
}

function describe(wait: NotListening): string {
  const { silent, unreached, listening } = wait;
  const [first] = unreached;
  if (first !== undefined) return describeUnreached(first, wait);
  const onLoopback = silent.filter((port) => socketsOf(port, listening).length > 0);
  if (onLoopback.length > 0) {
    return `the service listens on 127.0.0.1 only (${keysOf(onLoopback)}); let it listen on 0.0.0.0`;
  }
  const open = listening.filter(({ isLoopbackOnly, protocol }) => !isLoopbackOnly && protocol === "tcp");
  if (open.length > 0) return `the container listens on ${keysOf(open)}; check the port`;
  return "nothing in the container listens on any port";
}

function describeUnreached({ port, outcome }: Unreached, { listening, ipv6Only, address }: NotListening): string {
  const sockets = socketsOf(port, listening).filter(({ isLoopbackOnly }) => !isLoopbackOnly);
  const addresses = sockets.map((socket) => socket.address);
  const takesIpv4 = addresses.filter((one) => !isIPv6(one) || (one === "::" && !ipv6Only.has(port.port)));
  const advice = "let it listen on 0.0.0.0";
  if (addresses.length > 0 && takesIpv4.length === 0) {
    const where = addresses.map((one) => `[${one}]:${port.port}`).join(", ");
    return `the service listens on IPv6 only (${where}), and the networks of containers are IPv4; ${advice}`;
  }
  if (addresses.length > 0 && !takesIpv4.some((one) => one === "0.0.0.0" || one === "::" || one === address)) {
    const where = takesIpv4.map((one) => `${one}:${port.port}`).join(", ");
    return `the service listens on ${where} only, and published ports lead to ${address}; ${advice}`;
  }
  const answers = { refused: "is refused", silent: "gets no answer", unreachable: "does not come through" };
  return `the service listens on ${formatPortKey(port)}, but whoever connects to ${address} ${answers[outcome]}; check firewall and routes in the container`;
}

function socketsOf(port: ContainerPort, listening: readonly ListeningPort[]): readonly ListeningPort[] {
  return listening.filter((socket) => isSame(port, socket));
}

function keysOf(ports: readonly ContainerPort[]): string {
  return [...new Set(ports.map(formatPortKey))].join(", ");
}
