import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import type { PortTarget, PublishedPort } from "../agent-protocol";
import { relayTcp } from "./relay-tcp";
import { relayUdp, type UdpRelay } from "./relay-udp";

/**
 * The agent's side of published ports: sockets that listen in the host's namespace, and relays from them to containers.
 */
export interface PublishedPorts {
  publish(port: PublishedPort, handle: Server | UdpSocket): void;
  /** A connection that was accepted elsewhere. */
  adopt(portId: string, client: Socket): void;
  /** Connects ports to a container, and has them answer on its networks' gateways as well. */
  setTarget(portIds: readonly string[], target: PortTarget): Promise<void>;
  unpublish(portIds: readonly string[]): void;
}

interface OpenPort {
  setTarget(target: PortTarget): Promise<void>;
  close(): void;
}

interface TcpPort extends OpenPort {
  accept(client: Socket): void;
}

export function createPublishedPorts(): PublishedPorts {
  const udpPorts = new Map<string, OpenPort>();
  const tcpPorts = new Map<string, TcpPort>();
  const find = (portId: string): OpenPort | undefined => tcpPorts.get(portId) ?? udpPorts.get(portId);
  return {
    publish: (port, handle) => {
      if ("listening" in handle) tcpPorts.set(port.portId, openTcpPort(port, handle));
      else udpPorts.set(port.portId, openUdpPort(port, handle));
    },
    adopt: (portId, client) => {
      const port = tcpPorts.get(portId);
      if (port === undefined) client.resetAndDestroy();
      else port.accept(client);
    },
    setTarget: async (portIds, target) => {
      await Promise.all(portIds.map((portId) => find(portId)?.setTarget(target)));
    },
    unpublish: (portIds) => {
      for (const portId of portIds) {
        find(portId)?.close();
        tcpPorts.delete(portId);
        udpPorts.delete(portId);
      }
    },
  };
}

function openTcpPort(port: PublishedPort, server: Server): TcpPort {
  /** Accepted before there was a container to connect to. */
  const held = new Set<Socket>();
  let target: PortTarget | undefined;
  let onGateways: readonly Server[] = [];

  const accept = (client: Socket): void => {
    if (target === undefined) {
      held.add(client);
      client.once("error", () => held.delete(client));
    } else if (target.address === undefined) client.resetAndDestroy();
    else relayTcp(client, { host: target.address, port: port.containerPort });
  };
  server.on("connection", accept);
  // Running out of descriptors loses a connection, not the agent.
  server.on("error", () => {});
  return {
    accept,
    setTarget: async (next) => {
      target = next;
      for (const gateway of onGateways) gateway.close();
      onGateways = await Promise.all(gatewaysOf(port, next).map((host) => listenOn(host, port.hostPort, accept)));
      const waiting = [...held];
      held.clear();
      for (const client of waiting) accept(client);
    },
    close: () => {
      server.close();
      for (const gateway of onGateways) gateway.close();
      for (const client of held) client.resetAndDestroy();
      held.clear();
    },
  };
}

function openUdpPort(port: PublishedPort, socket: UdpSocket): OpenPort {
  const outside = relayUdp(socket);
  let onGateways: readonly UdpRelay[] = [];
  return {
    setTarget: async (next) => {
      const target = next.address === undefined ? undefined : { host: next.address, port: port.containerPort };
      for (const gateway of onGateways) gateway.close();
      onGateways = await Promise.all(gatewaysOf(port, next).map((host) => bindOn(host, port.hostPort)));
      for (const relay of [outside, ...onGateways]) relay.setTarget(target);
    },
    close: () => {
      for (const relay of [outside, ...onGateways]) relay.close();
    },
  };
}

function gatewaysOf(port: PublishedPort, target: PortTarget): readonly string[] {
  return port.onGateways && target.address !== undefined ? target.gateways : [];
}

async function listenOn(host: string, port: number, accept: (client: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, accept);
  server.listen(port, host);
  await settled(server, once(server, "listening"));
  return server;
}

async function bindOn(host: string, port: number): Promise<UdpRelay> {
  const socket = createSocket("udp4");
  const listening = once(socket, "listening");
  const relay = relayUdp(socket);
  socket.bind(port, host);
  await settled(socket, listening);
  return relay;
}

/**
 * Two containers may share a port number by different host addresses; on a gateway they have in common the first one
 * answers, which is no reason not to start the second.
 */
async function settled(socket: Server | UdpSocket, listening: Promise<unknown>): Promise<void> {
  socket.on("error", () => {});
  await listening.catch(() => {});
}
