import { once } from "node:events";
import { chmod, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, ServerResponse } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { hasCode } from "../../internal/errors";
import type { Logger } from "../../internal/log";
import { createDispatcher, type Exchange, type OpenExchange } from "./dispatch";
import { parsedSource, upgradedSource } from "./exchange";
import type { Route } from "./request";
import { createRouter } from "./router";
import { closeConnection, takeConnection } from "./write-hijack";

export interface EngineServerOptions {
  readonly routes: readonly Route[];
  /** Of the package; told in the Server header. */
  readonly version: string;
  readonly logger: Logger;
  /** A request began or ended; for the idle clock. */
  readonly onActivity?: () => void;
  /** Milliseconds in which a client that has its answer may still send what nobody wants. Default: 30 000. */
  readonly dropLimitMs?: number;
}

export interface EngineServer {
  /** Requests that are not answered to their end, sessions and other long ones included. */
  readonly openRequests: number;
  /** Replaces a socket file that an earlier engine left. `mode`: 0o600 or 0o660. */
  listen(socketPath: string, mode: number): Promise<void>;
  /** Accepts nothing more, ends open-ended replies, gives the others `graceMs` (default: 5000), cuts what is left. */
  close(graceMs?: number): Promise<void>;
}

/** dockerode repeats the whole create body in the URL; Node's default of 16 KiB drops such a connection. */
const maxHeaderBytes = 1024 * 1024;

/** The Docker Engine API over HTTP/1.1. */
export function createEngineServer(options: EngineServerOptions): EngineServer {
  const open = new Set<OpenExchange>();
  const sockets = new Set<Socket>();
  const dispatch = createDispatcher({
    version: options.version,
    logger: options.logger,
    route: createRouter(options.routes),
    onBegin: (exchange) => {
      open.add(exchange);
      options.onActivity?.();
    },
    onEnd: (exchange) => {
      open.delete(exchange);
      if (open.size === 0) onSettled();
      options.onActivity?.();
    },
  });
  let onSettled = (): void => {};
  const settled = (): Promise<void> =>
    new Promise((resolve) => {
      onSettled = resolve;
      if (open.size === 0) resolve();
    });
  // Clients keep connections for as long as a test suite lasts, and long polls are silent for as long: no timeouts.
  const server = createServer({
    maxHeaderSize: maxHeaderBytes,
    requestTimeout: 0,
    keepAliveTimeout: 0,
    requireHostHeader: false,
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("request", (message, response) => {
    lingerOver(message, response, options.dropLimitMs ?? 30_000);
    void dispatch(parsedExchange(message, response));
  });
  server.on("upgrade", (message, socket, head) => void dispatch(upgradedExchange(message, socket, head)));
  server.on("clientError", refuseMalformed);
  return {
    get openRequests() {
      return open.size;
    },
    listen: async (socketPath, mode) => {
      await rm(socketPath, { force: true });
      server.listen(socketPath);
      await once(server, "listening");
      await chmod(socketPath, mode);
    },
    close: async (graceMs = 5000) => {
      const cut = setTimeout(() => cutAll(sockets), graceMs);
      for (const { abort, isOpenEnded } of open) if (isOpenEnded) abort.abort();
      await closeServer(server, sockets, settled());
      clearTimeout(cut);
    },
  };
}

function cutAll(sockets: Iterable<Socket>): void {
  for (const socket of sockets) socket.destroy();
}

function parsedExchange(message: IncomingMessage, response: ServerResponse): Exchange {
  let taken: Duplex | null = null;
  const take = (): Duplex | null => {
    taken ??= takeConnection(response);
    return taken;
  };
  return { source: parsedSource(message, take), response, isUpgrade: false, takeConnection: take };
}

/**
 * Whoever is answered before it has sent everything goes on sending: what comes is read and dropped for a while, or the
 * client would meet a broken connection and not read the answer. Node ends a connection that is not kept at once.
 */
function lingerOver(message: IncomingMessage, response: ServerResponse, dropLimitMs: number): void {
  const { socket } = message;
  socket.destroySoon = () => (message.complete ? Socket.prototype.destroySoon.call(socket) : closeConnection(socket));
  response.once("finish", () => {
    if (message.complete) return;
    const cut = setTimeout(() => socket.destroy(), dropLimitMs);
    cut.unref();
    for (const event of ["end", "close"]) message.once(event, () => clearTimeout(cut));
  });
}

/** An upgrade may be unwanted (h2c of some Java clients), so there is a response too, tied to the socket by hand. */
function upgradedExchange(message: IncomingMessage, socket: Duplex, head: Buffer): Exchange {
  socket.on("error", () => {});
  if (head.length > 0) socket.unshift(head);
  const response = new ServerResponse(message);
  response.shouldKeepAlive = false;
  response.assignSocket(message.socket);
  response.once("finish", () => closeConnection(socket));
  const take = (): Duplex => {
    if (response.socket !== null) response.detachSocket(message.socket);
    return socket;
  };
  return { source: upgradedSource(message, socket), response, isUpgrade: true, takeConnection: take };
}

/** What Node's parser refuses never becomes a request; a broken connection gets no answer. */
function refuseMalformed(error: Error, socket: Duplex): void {
  const isTooLong = hasCode(error, "HPE_HEADER_OVERFLOW" as `E${Uppercase<string>}`);
  const isParseError = "code" in error && String(error.code).startsWith("HPE_");
  if (!socket.writable || !isParseError) return void socket.destroy();
  const [status, message] = isTooLong
    ? ["431 Request Header Fields Too Large", `read request: headers are longer than ${maxHeaderBytes} bytes`]
    : ["400 Bad Request", `read request: ${error.message}`];
  const body = `${JSON.stringify({ message })}\n`;
  const head = `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
  socket.write(`${head}\r\nConnection: close\r\n\r\n${body}`);
  closeConnection(socket);
}

/** Taken connections are no longer Node's to count, but they are sockets of this server all the same. */
async function closeServer(server: Server, sockets: Iterable<Socket>, settled: Promise<void>): Promise<void> {
  const closed = server.listening ? once(server, "close") : Promise.resolve();
  server.close();
  await settled;
  for (const socket of sockets) Socket.prototype.destroySoon.call(socket);
  await closed;
}
