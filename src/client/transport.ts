import { AsyncResource } from "node:async_hooks";
import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import type { Socket } from "node:net";
import { pipeline, type Readable } from "node:stream";
import { deferred } from "../internal/deferred";
import { hasCode, messageOf, RuncibleError } from "../internal/errors";
import { ignore } from "../internal/ignore";
import { errorOfAnswer } from "./api-error";
import { describeEndpoint, type Endpoint, tlsOptionsOf } from "./endpoint";
import { socketDenied } from "./socket-access";
import { sshAgentOf } from "./ssh/ssh-agent";
import { tlsTrouble } from "./tls-trouble";

export interface CallOptions {
  /** Values that are undefined are left out; of a list, each is a value of its own. */
  readonly query?: Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream goes out as it is, anything else as JSON. */
  readonly body?: object;
  readonly bodyStream?: Readable;
  readonly signal?: AbortSignal;
  /** Without it the wait for an answer keeps the process alive. Default: true. */
  readonly keepsProcessAlive?: boolean;
}

/** HTTP to one daemon. Idle connections are kept, and never keep the process alive. */
export interface Transport {
  readonly endpoint: Endpoint;
  /** Resolves with the headers; the caller reads or destroys the body. Throws what the daemon answered with. */
  open(method: string, path: string, options?: CallOptions): Promise<IncomingMessage>;
  /** The whole JSON answer; undefined when it is empty. Throws `api-error` for what is no JSON. */
  call<T>(method: string, path: string, options?: CallOptions): Promise<T>;
  /** As `call`, for what is answered with success alone: whatever else is said (Podman's "OK") counts for nothing. */
  send(method: string, path: string, options?: CallOptions): Promise<void>;
  /** A connection turned into a raw two-way stream, for attach and exec with input. */
  hijack(method: string, path: string, options?: CallOptions): Promise<Socket>;
  close(): void;
}

const answerLimit = 64 * 1024 * 1024;
const errorLimit = 64 * 1024;

/**
 * A connection outlives the call that it was made for, and so must not belong to it: it would keep whatever its maker
 * has in an AsyncLocalStorage. Jest keeps the running test there, and with it all modules of a file. That this itself
 * is nothing open is said at once.
 */
const ofNobody = new AsyncResource("runcible.connection").emitDestroy();

/**
 * On node:http and not undici: one client for plain and for hijacked calls, and a fresh process pays for its load time
 * (undici: about 90 ms, more than a whole container start).
 */
export function createTransport(endpoint: Endpoint): Transport {
  const { send: begin, agent } = connectorOf(endpoint);

  const start = (method: string, path: string, options: CallOptions, extra: RequestOptions): ClientRequest => {
    const json = options.body === undefined ? undefined : JSON.stringify(options.body);
    const request = ofNobody.runInAsyncScope(begin, undefined, {
      method,
      path: pathWithQuery(path, options.query),
      setHost: false,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
      ...extra,
    });
    // Not with the others, which the connection keeps.
    const headers = { host: "runcible", ...headersOf(options, json), ...options.headers };
    for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
    if (options.bodyStream === undefined) request.end(json);
    // The request's own error event reports a broken connection; a broken source destroys the request.
    else pipeline(options.bodyStream, request, () => {});
    return request;
  };

  const attempt = async (
    method: string,
    path: string,
    options: CallOptions,
    connection: Agent | false,
  ): Promise<IncomingMessage> => {
    const { request, response } = await inOwnTurn(() => {
      const started = start(method, path, options, { agent: connection });
      return { request: started, response: responseTo(started, options.keepsProcessAlive ?? true) };
    });
    try {
      return await untilAborted(response, options.signal);
    } catch (error) {
      // Never on an idle connection again: others may have been closed with this one.
      if (isUntouched(request, error)) return attempt(method, path, options, false);
      throw callFailed({ endpoint, method, path, signal: options.signal, cause: error });
    }
  };

  const open = async (method: string, path: string, options: CallOptions = {}): Promise<IncomingMessage> => {
    let sourceError: unknown;
    // Piped, it would pass for a daemon that hung up, or for nothing to be sent.
    if (options.bodyStream?.destroyed || options.bodyStream?.readableEnded) {
      throw sourceFailed(options.bodyStream.errored ?? "the stream was read already, or destroyed; give a new one");
    }
    options.bodyStream?.once("error", (error) => {
      sourceError = error;
    });
    if (endpoint.kind !== "unix" && !isSafe(method)) await closedConnectionsNoticed();
    // A stream can be read only once: it goes out on a new connection.
    const connection = options.bodyStream === undefined && agent;
    try {
      const answer = await checked(method, path, await attempt(method, path, options, connection));
      endWithSignal(answer, options.signal);
      return answer;
    } catch (error) {
      throw sourceError === undefined ? error : sourceFailed(sourceError);
    }
  };

  const call = async <T>(method: string, path: string, options: CallOptions = {}): Promise<T> => {
    const text = await textOf(await open(method, path, options), answerLimit);
    return (text === "" ? undefined : parsed(text, `${method} ${path}`)) as T;
  };

  const send = async (method: string, path: string, options: CallOptions = {}): Promise<void> => {
    await textOf(await open(method, path, options), answerLimit);
  };

  const hijack = async (method: string, path: string, options: CallOptions = {}): Promise<Socket> => {
    const upgrade = { connection: "Upgrade", upgrade: "tcp" };
    const request = start(method, path, { ...options, headers: { ...options.headers, ...upgrade } }, { agent: false });
    try {
      return await untilAborted(socketOf(method, path, request), options.signal);
    } catch (error) {
      throw callFailed({ endpoint, method, path, signal: options.signal, cause: error });
    }
  };

  return { endpoint, open, call, send, hijack, close: () => agent.destroy() };
}

function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/**
 * A daemon may close an idle connection just as it is used again. To repeat what it may have carried out would make a
 * second container. What only reads can be repeated, and so can what was not written whole: a request goes out in one
 * write, and EPIPE says that its end, without which a daemon can do nothing, has not left this process. On a unix
 * socket that is what a write to a closed connection gives.
 */
function isUntouched(request: ClientRequest, error: unknown): boolean {
  if (!request.reusedSocket) return false;
  return hasCode(error, "EPIPE") || (isSafe(request.method) && isHangUp(error));
}

function isHangUp(error: unknown): boolean {
  return hasCode(error, "ECONNRESET") || hasCode(error, "EPIPE");
}

/**
 * A whole turn of the event loop, with a look at all sockets in its middle. A TCP write to a connection that the daemon
 * closed succeeds at first; once the close has been noticed here, it is EPIPE as well.
 */
function closedConnectionsNoticed(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

/**
 * Calls with nobody on the stack: leak detectors take a connection for that of a test which was there when it was made,
 * or used again.
 */
function inOwnTurn<T>(call: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    process.nextTick(() => {
      try {
        resolve(call());
      } catch (error) {
        reject(error);
      }
    });
  });
}

function connectorOf(endpoint: Endpoint): { send: (options: RequestOptions) => ClientRequest; agent: Agent } {
  const pool = { keepAlive: true, maxSockets: Number.POSITIVE_INFINITY };
  if (endpoint.kind === "unix") {
    return { send: (options) => httpRequest({ ...options, socketPath: endpoint.path }), agent: new Agent(pool) };
  }
  if (endpoint.kind === "ssh") {
    const agent = sshAgentOf(endpoint);
    const createConnection = agent.createConnection.bind(agent);
    // A connection of its own goes through the same SSH connection.
    const own = { agent: undefined, createConnection };
    return { send: (options) => httpRequest(options.agent === false ? { ...options, ...own } : options), agent };
  }
  const { host, port, tls } = endpoint;
  if (tls === undefined) return { send: (options) => httpRequest({ ...options, host, port }), agent: new Agent(pool) };
  // Loading TLS takes a fresh process 5 ms, and hardly any test needs it.
  const https = require("node:https") as typeof import("node:https");
  const trust = tlsOptionsOf(host, tls);
  return { send: (options) => https.request({ ...options, ...trust, host, port }), agent: new https.Agent(pool) };
}

function headersOf(options: CallOptions, json: string | undefined): Record<string, string | number> {
  if (json !== undefined) return { "content-type": "application/json", "content-length": Buffer.byteLength(json) };
  if (options.bodyStream !== undefined) return { "content-type": "application/x-tar" };
  return { "content-length": 0 };
}

function pathWithQuery(path: string, query: CallOptions["query"] = {}): string {
  const pairs = Object.entries(query).flatMap(([key, value]): [string, string][] => {
    if (value === undefined) return [];
    return typeof value === "object" ? value.map((one) => [key, one]) : [[key, String(value)]];
  });
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`;
}

/** Else the body would end like that of a daemon that hung up. */
function endWithSignal(answer: IncomingMessage, signal: AbortSignal | undefined): void {
  if (signal === undefined) return;
  const end = (): void => void answer.destroy(cancelled(signal.reason));
  signal.addEventListener("abort", end, { once: true });
  answer.once("close", () => signal.removeEventListener("abort", end));
}

function cancelled(cause: unknown): RuncibleError {
  return new RuncibleError("aborted", "call engine: cancelled", { cause });
}

/**
 * A request that still waits for its connection, which over SSH takes several steps, does not tell that it was ended.
 */
async function untilAborted<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await answer;
  const ended = deferred<never>();
  const end = (): void => ended.reject(signal.reason);
  signal.addEventListener("abort", end, { once: true });
  try {
    if (signal.aborted) end();
    return await Promise.race([answer, ended.promise]);
  } finally {
    signal.removeEventListener("abort", end);
    // Heard by the race alone. A promise that never settles is a leak to those who look for some.
    ended.reject(undefined);
  }
}

function responseTo(request: ClientRequest, keepsProcessAlive: boolean): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("response", (response) => {
      // Later errors belong to whoever reads the body.
      request.on("error", ignore).off("error", reject);
      if (!keepsProcessAlive) response.socket.unref();
      resolve(response);
    });
  });
}

function socketOf(method: string, path: string, request: ClientRequest): Promise<Socket> {
  return new Promise((resolve, reject) => {
    request.once("error", reject);
    request.once("upgrade", (_response, socket, head) => {
      if (head.length > 0) socket.unshift(head);
      resolve(socket);
    });
    request.once("response", (response) => {
      checked(method, path, response).then(
        () => reject(new RuncibleError("api-error", `${method} ${path}: the daemon does not hand over the connection`)),
        reject,
      );
    });
  });
}

async function checked(method: string, path: string, response: IncomingMessage): Promise<IncomingMessage> {
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return response;
  const body = await textOf(response, errorLimit);
  throw errorOfAnswer({ method, path, status, body });
}

async function textOf(response: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of response) {
      size += chunk.length;
      if (size > limit) throw new RuncibleError("api-error", `read answer: it has more than ${limit} bytes`);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof RuncibleError) throw cause;
    throw new RuncibleError("engine-unreachable", `read answer: ${messageOf(cause)}`, { cause });
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parsed(text: string, request: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `read answer of ${request}: it is no JSON: ${text.trim().slice(0, 100)}; does something else than Docker's API answer there?`;
    throw new RuncibleError("api-error", message, { cause });
  }
}

function sourceFailed(cause: unknown): RuncibleError {
  return new RuncibleError("invalid-argument", `read what is to be sent: ${messageOf(cause)}`, { cause });
}

interface BrokenCall {
  readonly endpoint: Endpoint;
  readonly method: string;
  readonly path: string;
  readonly signal: AbortSignal | undefined;
  readonly cause: unknown;
}

function callFailed({ endpoint, method, path, signal, cause }: BrokenCall): RuncibleError {
  if (cause instanceof RuncibleError) return cause;
  if (signal?.aborted) return cancelled(cause);
  const refused = tlsTrouble(endpoint, cause);
  if (refused !== undefined) return refused;
  const denied = endpoint.kind === "unix" ? socketDenied(endpoint.path, cause) : undefined;
  if (denied !== undefined) return denied;
  const where = describeEndpoint(endpoint);
  const what = isHangUp(cause)
    ? `${method} ${path}: ${where} hung up before it answered, and may have carried it out or not`
    : `call engine: nothing answers at ${where}`;
  return new RuncibleError("engine-unreachable", `${what} (${messageOf(cause)})`, { cause });
}
