import { createSocket, type Socket } from "node:dgram";

export interface UdpRelay {
  /** Where datagrams go from now on; undefined: they are dropped, as a network may. */
  setTarget(target: { readonly host: string; readonly port: number } | undefined): void;
  close(): void;
}

const idleSessionMs = 60_000;
const maxSessions = 4_096;

interface Session {
  readonly upstream: Socket;
  readonly timer: NodeJS.Timeout;
}

/**
 * Relays what comes in on `outside`, which it owns from now on. Each client gets a socket of its own towards the
 * container.
 */
export function relayUdp(outside: Socket): UdpRelay {
  let target: { readonly host: string; readonly port: number } | undefined;
  const sessions = new Map<string, Session>();

  const end = (client: string): void => {
    const session = sessions.get(client);
    if (session === undefined) return;
    sessions.delete(client);
    clearTimeout(session.timer);
    session.upstream.close();
  };
  const endAll = (): void => {
    for (const client of [...sessions.keys()]) end(client);
  };
  const begin = (client: string, address: string, port: number, to: { host: string; port: number }): Session => {
    const [oldest] = sessions.keys();
    if (sessions.size >= maxSessions && oldest !== undefined) end(oldest);
    const upstream = createSocket("udp4");
    const session = { upstream, timer: setTimeout(() => end(client), idleSessionMs) };
    sessions.set(client, session);
    upstream.on("error", () => end(client));
    upstream.on("message", (data) => {
      session.timer.refresh();
      outside.send(data, port, address, () => {});
    });
    upstream.connect(to.port, to.host);
    return session;
  };

  outside.on("error", () => {});
  outside.on("message", (data, { address, port }) => {
    if (target === undefined) return;
    const client = `${address} ${port}`;
    const { upstream, timer } = sessions.get(client) ?? begin(client, address, port, target);
    timer.refresh();
    sendConnected(upstream, data);
  });
  return {
    setTarget: (next) => {
      target = next;
      endAll();
    },
    close: () => {
      endAll();
      outside.close();
    },
  };
}

/** The first datagram comes before the socket is connected. Nobody listening there is the client's to find out. */
function sendConnected(upstream: Socket, data: Buffer): void {
  const send = (): void => upstream.send(data, () => {});
  if (isConnected(upstream)) send();
  else upstream.once("connect", send);
}

function isConnected(socket: Socket): boolean {
  try {
    socket.remoteAddress();
    return true;
  } catch {
    return false;
  }
}
