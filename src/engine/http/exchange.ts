import type { IncomingMessage } from "node:http";
import { type Duplex, PassThrough, type Readable } from "node:stream";
import { openBareConnection } from "./bare-connection";
import { readJsonBody } from "./json-body";
import type { EngineRequest } from "./request";
import type { RequestTarget } from "./request-target";

/** Where a request's bytes come from: Node's parser, or (after an upgrade) the connection itself. */
export interface RequestSource {
  readonly message: IncomingMessage;
  readonly body: Readable;
  input(): Readable;
}

/** A request whose body Node parses. `take` hands over the bare connection, once. */
export function parsedSource(message: IncomingMessage, take: () => Duplex | null): RequestSource {
  const input = (): Readable => {
    // A chunked body that is still open is the input: some clients send it so when they do not ask for an upgrade.
    if (!message.complete) return message;
    const socket = take();
    return socket === null ? message : openBareConnection(socket, {}).input();
  };
  let body: Readable | undefined;
  return {
    message,
    get body() {
      body ??= sparedBody(message);
      return body;
    },
    input,
  };
}

/**
 * A reader that gives up destroys what it reads. A message would take its connection with it, on which the answer is to
 * go out, or leave the connection where nobody reads, so that its end is not noticed. So what is left is read here, and
 * thrown away.
 */
function sparedBody(message: IncomingMessage): Readable {
  const body = new PassThrough();
  // Nobody may be reading when the connection breaks.
  body.on("error", () => {});
  message.once("error", (error) => body.destroy(error));
  message.pipe(body);
  body.once("close", () => message.resume());
  return body;
}

/** A request that asked for an upgrade: everything behind its headers is still to be read from the connection. */
export function upgradedSource(message: IncomingMessage, socket: Duplex): RequestSource {
  const connection = openBareConnection(socket, message.headers);
  return { message, body: connection.body, input: connection.input };
}

export function createEngineRequest(
  source: RequestSource,
  target: RequestTarget,
  details: { readonly params: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): EngineRequest {
  const { message } = source;
  return {
    method: message.method ?? "GET",
    query: target.query,
    params: details.params,
    headers: message.headers,
    apiVersion: target.apiVersion,
    wantsUpgrade: message.headers.upgrade?.toLowerCase() === "tcp",
    signal: details.signal,
    get body() {
      return source.body;
    },
    json: () => readJsonBody(source.body),
    input: source.input,
  };
}
