import type { Socket } from "node:net";
import { hasCode } from "../../../internal/errors";
import { randomId } from "../../../internal/ids";
import type { AgentClient } from "../agent-client";
import type { PortTarget } from "../agent-protocol";
import type { PortBinding, PortRequest, PortReservation } from "../stack";
import type { HeldPorts } from "./held-ports";
import { type HostListener, hostIpsOf, listenOnHost } from "./host-ports";

/** A reservation as the stack knows it: it can be pointed at a container. */
export interface OpenReservation extends PortReservation {
  setTarget(target: PortTarget): Promise<void>;
}

interface PublishedListener {
  readonly portId: string;
  readonly binding: PortBinding;
}

export interface ReservationParts {
  readonly agent: AgentClient;
  /** Ports that are kept for such requests. */
  readonly held: HeldPorts;
}

/**
 * Listens for every request, all or none but for optional ones, and moves the sockets into the agent. Whoever connects
 * from now on is kept waiting until the reservation gets its target. Throws `port-in-use`, `permission-denied`,
 * `invalid-argument`.
 */
export async function reserveHostPorts(
  parts: ReservationParts,
  requests: readonly PortRequest[],
): Promise<OpenReservation> {
  const { agent } = parts;
  const published: PublishedListener[] = [];
  const portIds = (): readonly string[] => published.map(({ portId }) => portId);
  let released: Promise<void> | undefined;
  const release = (): Promise<void> => {
    released ??= agent.request({ kind: "unpublish", portIds: portIds() });
    return released;
  };
  try {
    for (const request of requests) published.push(...(await publishIfPossible(parts, request)));
  } catch (error) {
    // The agent's end closes the ports as well.
    await release().catch(() => {});
    throw error;
  }
  return {
    bindings: published.map(({ binding }) => binding),
    setTarget: (target) => agent.request({ kind: "target", portIds: portIds(), target }),
    release,
  };
}

async function publishIfPossible(parts: ReservationParts, request: PortRequest): Promise<readonly PublishedListener[]> {
  try {
    return await publish(parts, request);
  } catch (error) {
    if (request.isOptional && hasCode(error, "port-in-use")) return [];
    throw error;
  }
}

async function publish({ agent, held }: ReservationParts, request: PortRequest): Promise<readonly PublishedListener[]> {
  const { protocol, containerPort } = request;
  const hostIps = hostIpsOf(request);
  const reservationId = randomId().slice(0, 16);
  const portIdOf = (hostIp: string): string => `${reservationId} ${hostIp}`;
  const early: { readonly client: Socket; readonly hostIp: string }[] = [];
  let hasMoved = false;
  const adopt = (client: Socket, hostIp: string): void => {
    // The client is gone with the agent.
    agent.request({ kind: "adopt", portId: portIdOf(hostIp) }, client).catch(() => {});
  };
  const onConnection = (client: Socket, hostIp: string): void => {
    if (hasMoved) adopt(client, hostIp);
    else early.push({ client, hostIp });
  };

  const listeners =
    held.take(request, onConnection) ?? (await listenOnHost({ protocol, hostIps, onConnection }, request.hostPort));
  try {
    await Promise.all(listeners.map((listener) => move(agent, request, listener, portIdOf(listener.hostIp))));
  } finally {
    for (const listener of listeners) listener.close();
  }
  hasMoved = true;
  for (const { client, hostIp } of early) adopt(client, hostIp);
  return listeners.map(({ hostIp, hostPort }) => ({
    portId: portIdOf(hostIp),
    binding: { containerPort, protocol, hostIp, hostPort },
  }));
}

async function move(agent: AgentClient, request: PortRequest, listener: HostListener, portId: string): Promise<void> {
  const { protocol, containerPort } = request;
  const { hostIp, hostPort, handle } = listener;
  // One of a port's addresses is enough; an IPv6 one would be the second of two.
  const onGateways = !hostIp.includes(":");
  await agent.request({ kind: "publish", port: { portId, protocol, hostPort, containerPort, onGateways } }, handle);
}
