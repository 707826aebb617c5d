import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { rawStreamType } from "../../wire/frames";
import type { Reply } from "./reply";
import { untilAborted, write } from "./stream-write";
import { encodeOutput } from "./write-reply";

type HijackReply = Reply & { readonly kind: "hijack" };

/** Milliseconds a client has to close its side after we closed ours. */
const lingerMs = 10_000;

/** Milliseconds between two looks at whether a client that has closed its half is still there. */
const lookMs = 2_000;

/** Writes output on the bare connection, which then ends. Without an upgrade the type is always raw, as Docker's is. */
export async function writeHijack(
  socket: Duplex,
  reply: HijackReply,
  options: { readonly isUpgrade: boolean; readonly signal: AbortSignal },
): Promise<void> {
  noticeThatClientLeft(socket);
  await write(socket, options.isUpgrade ? upgradedHead(reply.contentType) : plainHead());
  for await (const chunk of untilAborted(reply.output, options.signal)) {
    if (!(await write(socket, encodeOutput(chunk, reply.isTty)))) return;
  }
  closeConnection(socket);
}

/**
 * Reading tells a client that has left from one that has closed its half only, and waits for output, by nothing.
 * Writing does: even of no bytes, it fails on a Unix socket whose other end is gone, and the socket closes. Without
 * this a connection to a process that writes nothing would stay until the process ends.
 */
function noticeThatClientLeft(socket: Duplex): void {
  const look = (): void => void socket.write("");
  const start = (): void => {
    look();
    const timer = setInterval(look, lookMs);
    timer.unref();
    socket.once("close", () => clearInterval(timer));
  };
  if (socket.destroyed) return;
  if (socket.readableEnded) start();
  else socket.once("end", start);
}

/**
 * Takes a connection from Node's HTTP server without an upgrade: what the server listens for would parse the client's
 * input as the next request and end our side on the client's half-close. Its `close` and `error` listeners stay; they
 * free the parser.
 */
export function takeConnection(response: ServerResponse): Duplex | null {
  const { socket } = response;
  if (socket === null) return null;
  response.detachSocket(socket);
  for (const event of ["data", "end", "drain", "timeout"]) socket.removeAllListeners(event);
  // The first such listener makes Node's parser give up the handle it reads from natively; none has to stay.
  socket.on("readable", ignore);
  socket.off("readable", ignore);
  return socket;
}

function ignore(): void {}

function upgradedHead(contentType: string): string {
  return `HTTP/1.1 101 UPGRADED\r\nContent-Type: ${contentType}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n`;
}

function plainHead(): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: ${rawStreamType}\r\nConnection: close\r\n\r\n`;
}

/**
 * Ends our side and gives the client time to end its own. Closing at once with unread input would reset the connection
 * before the client has read the output.
 */
export function closeConnection(socket: Duplex): void {
  socket.end();
  socket.resume();
  const timer = setTimeout(() => socket.destroy(), lingerMs);
  timer.unref();
  socket.once("close", () => clearTimeout(timer));
}
