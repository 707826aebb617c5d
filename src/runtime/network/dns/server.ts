import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { encodeAnswer, encodeFailure, parseQuery } from "./answer";
import { createMessageReader, frameMessage } from "./stream";
import type { DnsZone } from "./zone";

export interface DnsServerOptions {
  readonly address: string;
  readonly zone: DnsZone;
  /** Asks the resolvers, or those of the host when there are none. Undefined: none answered. */
  readonly forward: (
    query: Uint8Array,
    isTcp: boolean,
    resolvers: readonly string[],
  ) => Promise<Uint8Array | undefined>;
}

/** Questions under way with the host's resolvers; beyond that they fail at once rather than pile up. */
const maxForwarded = 512;
const idleConnectionMs = 10_000;
/**
 * A program may ask for hundreds of names at once, and what does not fit here costs it a timeout of seconds. The kernel
 * gives as much of it as the machine allows, twice its default on most.
 */
const receiveBufferBytes = 4 * 1024 * 1024;

/** Serves names on port 53, UDP and TCP, for as long as the process lives. */
export async function startDnsServer(options: DnsServerOptions): Promise<void> {
  const answer = createResponder(options);
  const udp = createSocket({ type: "udp4", recvBufferSize: receiveBufferBytes });
  udp.on("message", (query, { address, port }) => {
    void answer(query, address, false).then((response) => {
      // The asking container may be gone.
      if (response !== undefined) udp.send(response, port, address, () => {});
    });
  });
  const tcp = createServer((socket) => serveConnection(socket, answer));
  udp.bind(53, options.address);
  tcp.listen(53, options.address);
  await Promise.all([once(udp, "listening"), once(tcp, "listening")]);
  // From now on an error is about one packet or connection.
  udp.on("error", () => {});
  tcp.on("error", () => {});
}

type Responder = (query: Uint8Array, source: string, isTcp: boolean) => Promise<Uint8Array | undefined>;

function createResponder({ zone, forward }: DnsServerOptions): Responder {
  let forwarded = 0;
  return async (bytes, source, isTcp) => {
    const query = parseQuery(bytes);
    const [question] = query?.questions ?? [];
    if (query === undefined || question === undefined) return undefined;
    const decision = zone.decide(source, question);
    if (decision.kind !== "forward") return encodeAnswer(query, decision, isTcp);
    if (forwarded >= maxForwarded) return encodeFailure(query);
    forwarded += 1;
    try {
      return (await forward(bytes, isTcp, decision.resolvers)) ?? encodeFailure(query);
    } finally {
      forwarded -= 1;
    }
  };
}

function serveConnection(socket: Socket, answer: Responder): void {
  const source = socket.remoteAddress ?? "";
  const read = createMessageReader();
  socket.setTimeout(idleConnectionMs, () => socket.destroy());
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    for (const query of read(chunk)) {
      void answer(query, source, true).then((response) => {
        if (response !== undefined && socket.writable) socket.write(frameMessage(response));
      });
    }
  });
}
