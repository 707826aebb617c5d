import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { hasCode, RuncibleError } from "../../../internal/errors";
import type { PortRequest } from "../stack";

/** A socket that listens in the host's namespace. */
export interface HostListener {
  readonly hostIp: string;
  readonly hostPort: number;
  readonly handle: Server | UdpSocket;
  close(): void;
}

export interface HostListenRequest {
  readonly protocol: "tcp" | "udp";
  readonly hostIps: readonly string[];
  readonly onConnection: (client: Socket, hostIp: string) => void;
}

const randomPortAttempts = 32;

/** Addresses a port is published on when none is given: nobody but this machine is to reach a test's database. */
export function hostIpsOf({ hostIp }: Pick<PortRequest, "hostIp">): readonly string[] {
  return hostIp === undefined || hostIp === "" ? ["127.0.0.1", "::1"] : [hostIp];
}

/** Numbers to try, in this order; 0 lets the kernel choose. */
export function portCandidates({ first, last }: PortRequest["hostPort"]): readonly number[] {
  if (first === 0) return Array.from({ length: randomPortAttempts }, () => 0);
  return Array.from({ length: Math.max(last, first) - first + 1 }, (_, index) => first + index);
}

/**
 * Listens with the same number on every address, on the first candidate that is free on all of them. Throws
 * `port-in-use`.
 */
export async function listenOnHost(
  request: HostListenRequest,
  range: PortRequest["hostPort"],
): Promise<readonly HostListener[]> {
  let taken: unknown;
  for (const port of portCandidates(range)) {
    try {
      return await listenOnAll(request, port);
    } catch (error) {
      if (!hasCode(error, "port-in-use")) throw error;
      taken = error;
    }
  }
  throw taken;
}

async function listenOnAll(request: HostListenRequest, port: number): Promise<readonly HostListener[]> {
  const listeners: HostListener[] = [];
  try {
    for (const hostIp of request.hostIps) {
      const listener = await listen(request, hostIp, listeners[0]?.hostPort ?? port);
      if (listener !== undefined) listeners.push(listener);
    }
    return listeners;
  } catch (error) {
    for (const listener of listeners) listener.close();
    throw error;
  }
}

async function listen(request: HostListenRequest, hostIp: string, port: number): Promise<HostListener | undefined> {
  try {
    return await (request.protocol === "tcp" ? listenTcp(request, hostIp, port) : bindUdp(hostIp, port));
  } catch (error) {
    const isMissing = hasCode(error, "EADDRNOTAVAIL") || hasCode(error, "EAFNOSUPPORT");
    // Not asked for by name: a host without IPv6 publishes on IPv4 only.
    if (isMissing && hostIp === "::1" && request.hostIps.length > 1) return undefined;
    throw listenFailed(error, hostIp, port, isMissing);
  }
}

async function listenTcp(request: HostListenRequest, hostIp: string, port: number): Promise<HostListener> {
  const server = createServer({ pauseOnConnect: true }, (client) => request.onConnection(client, hostIp));
  server.listen({ host: hostIp, port, ipv6Only: true });
  await once(server, "listening");
  // It listens only until the agent has it; an accept that fails is for the client to repeat.
  server.on("error", () => {});
  const address = server.address();
  const hostPort = typeof address === "object" && address !== null ? address.port : port;
  return { hostIp, hostPort, handle: server, close: () => server.close() };
}

async function bindUdp(hostIp: string, port: number): Promise<HostListener> {
  const isIpv6 = hostIp.includes(":");
  const socket = createSocket(isIpv6 ? { type: "udp6", ipv6Only: true } : { type: "udp4" });
  socket.bind({ address: hostIp, port, exclusive: true });
  await once(socket, "listening");
  return { hostIp, hostPort: socket.address().port, handle: socket, close: () => socket.close() };
}

function listenFailed(error: unknown, hostIp: string, hostPort: number, isMissing: boolean): RuncibleError {
  const at = `${hostIp.includes(":") ? `[${hostIp}]` : hostIp}:${hostPort}`;
  const details = { cause: error, evidence: { hostIp, hostPort } };
  if (hasCode(error, "EADDRINUSE")) {
    return new RuncibleError(
      "port-in-use",
      `publish port ${at}: it is in use; choose another or leave it open`,
      details,
    );
  }
  if (isMissing) {
    return new RuncibleError("invalid-argument", `publish port ${at}: this machine has no such address`, details);
  }
  const remedy =
    "only root may use this number; leave it open, or run: sudo sysctl -w net.ipv4.ip_unprivileged_port_start";
  const reason = hasCode(error, "EACCES") ? `${remedy}=${hostPort}` : "the operating system refuses";
  return new RuncibleError("permission-denied", `publish port ${at}: ${reason}`, details);
}
