import type { Socket } from "node:net";
import type { HeldPort, PortRequest } from "../stack";
import { type HostListener, hostIpsOf, listenOnHost } from "./host-ports";

type Accept = (client: Socket, hostIp: string) => void;

/** What happens to whoever connects. */
interface Door {
  accept: Accept;
}

interface Held {
  readonly holder: string;
  readonly listeners: readonly HostListener[];
  readonly door: Door;
}

/**
 * Ports kept for containers that come later. They are listened on, as a socket that is only bound can be taken by
 * another; who connects meanwhile is sent away, so that nobody takes the port for a service that is there.
 */
export class HeldPorts {
  readonly #held = new Map<number, Held>();

  /** Any free port of the loopback addresses. Throws `port-in-use`. */
  async hold(holder: string): Promise<HeldPort> {
    const door: Door = { accept: (client) => client.resetAndDestroy() };
    const listeners = await listenOnHost(
      { protocol: "tcp", hostIps: hostIpsOf({}), onConnection: (client, hostIp) => door.accept(client, hostIp) },
      { first: 0, last: 0 },
    );
    const hostPort = listeners[0]?.hostPort ?? 0;
    this.#held.set(hostPort, { holder, listeners, door });
    return { hostPort, close: () => this.#close(hostPort) };
  }

  /** The listeners of what this request may have, which is then no longer held. Undefined: nothing held fits. */
  take(request: PortRequest, accept: Accept): readonly HostListener[] | undefined {
    const { protocol, hostIp, hostPort, holder } = request;
    const held = hostPort.first === hostPort.last ? this.#held.get(hostPort.first) : undefined;
    const isFit = protocol === "tcp" && (hostIp === undefined || hostIp === "");
    if (held === undefined || !isFit || (holder !== undefined && holder !== held.holder)) return undefined;
    this.#held.delete(hostPort.first);
    held.door.accept = accept;
    return held.listeners;
  }

  close(): void {
    for (const hostPort of this.#held.keys()) this.#close(hostPort);
  }

  /** Does nothing once a container has it. */
  #close(hostPort: number): void {
    const held = this.#held.get(hostPort);
    this.#held.delete(hostPort);
    for (const listener of held?.listeners ?? []) listener.close();
  }
}
