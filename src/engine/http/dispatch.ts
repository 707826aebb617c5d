import type { ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import type { Logger } from "../../internal/log";
import { apiVersion, formatVersion } from "../../wire/versions";
import { errorReply, explained, statusOf } from "./error-reply";
import { createEngineRequest, type RequestSource } from "./exchange";
import { empty, type Reply } from "./reply";
import type { EngineRequest } from "./request";
import { parseTarget, withoutEmptyParts } from "./request-target";
import type { Router } from "./router";
import { writeHijack } from "./write-hijack";
import { writeReply } from "./write-reply";

/** One request with the means to answer it. */
export interface Exchange {
  readonly source: RequestSource;
  readonly response: ServerResponse;
  readonly isUpgrade: boolean;
  /** The connection without HTTP around it; the same at every call. */
  takeConnection(): Duplex | null;
}

/** A request that is being answered. */
export interface OpenExchange {
  /** Its abort ends the reply. */
  readonly abort: AbortController;
  /** The reply ends only when something happens: events, a session, followed logs. */
  isOpenEnded: boolean;
}

export interface DispatcherOptions {
  readonly route: Router;
  readonly version: string;
  readonly logger: Logger;
  onBegin(open: OpenExchange): void;
  onEnd(open: OpenExchange): void;
}

/** Answers one request to its end. Never rejects. */
export type Dispatcher = (exchange: Exchange) => Promise<void>;

export function createDispatcher(options: DispatcherOptions): Dispatcher {
  return async (exchange) => {
    const { response } = exchange;
    const { socket } = exchange.source.message;
    const open: OpenExchange = { abort: new AbortController(), isOpenEnded: false };
    const clientLeft = (): void => open.abort.abort(new RuncibleError("aborted", "answer request: the client left"));
    socket.once("close", clientLeft);
    options.onBegin(open);
    setCommonHeaders(response, options.version);
    try {
      const reply = await replyTo(exchange, options, open.abort.signal);
      open.isOpenEnded = isOpenEnded(reply);
      await carryOut(exchange, reply, open.abort.signal);
    } catch (error) {
      await answerFailure(exchange, error, options.logger, open.abort.signal);
    } finally {
      socket.off("close", clientLeft);
      options.onEnd(open);
    }
  };
}

async function replyTo(exchange: Exchange, options: DispatcherOptions, signal: AbortSignal): Promise<Reply> {
  const { message } = exchange.source;
  const target = parseTarget(message.url ?? "/");
  const match = options.route(message.method ?? "GET", target.path);
  if (match === undefined) return elsewhere(message.url ?? "/");
  const request: EngineRequest = createEngineRequest(exchange.source, target, { params: match.params, signal });
  const reply = await match.route.handler(request);
  return message.method === "HEAD" ? withoutBody(reply) : reply;
}

/** As Docker: a path with an empty part, of an empty name mostly, is sent to the one without. */
function elsewhere(url: string): Reply {
  const Location = withoutEmptyParts(url);
  if (Location === undefined) throw new RuncibleError("page-not-found", "page not found");
  return empty(301, { Location });
}

async function carryOut(exchange: Exchange, reply: Reply, signal: AbortSignal): Promise<void> {
  if (reply.kind !== "hijack") return writeReply(exchange.response, reply, signal);
  // While a chunked request body is still open, it is the input, and Node's parser must keep the connection.
  if (!exchange.isUpgrade && !exchange.source.message.complete) {
    exchange.response.shouldKeepAlive = false;
    return writeReply(exchange.response, { ...reply, kind: "output", output: oneByOne(reply.output) }, signal);
  }
  const socket = exchange.takeConnection();
  if (socket !== null) await writeHijack(socket, reply, { isUpgrade: exchange.isUpgrade, signal });
}

async function* oneByOne<T>(items: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
  for await (const item of items) yield [item];
}

async function answerFailure(exchange: Exchange, thrown: unknown, logger: Logger, signal: AbortSignal): Promise<void> {
  const { response, source } = exchange;
  const error = explained(thrown);
  if (signal.aborted) return void source.message.socket.destroy();
  const { method, url } = source.message;
  if (!isRuncibleError(error) || statusOf(error) === 500) {
    logger.error("answer request", { method, path: url?.split("?")[0], error: messageOf(error) });
  }
  const isPossible = !response.headersSent && response.socket !== null;
  // Cut, so that nobody takes a piece for the whole.
  if (!isPossible) return void source.message.socket.destroy();
  const reply = errorReply(error);
  if (reply.kind !== "hijack") await writeReply(response, reply, signal);
}

function setCommonHeaders(response: ServerResponse, version: string): void {
  response.setHeader("Api-Version", formatVersion(apiVersion));
  response.setHeader("Docker-Experimental", "false");
  response.setHeader("Ostype", "linux");
  response.setHeader("Server", `Runcible/${version} (linux)`);
}

function isOpenEnded({ kind }: Reply): boolean {
  return kind === "later" || kind === "lines" || kind === "output" || kind === "hijack";
}

/** HEAD of a stream says that there is one; nothing is read from it. */
function withoutBody(reply: Reply): Reply {
  switch (reply.kind) {
    case "json":
    case "text":
    case "empty":
      return reply;
    case "bytes":
      reply.source.destroy();
      return empty(200, reply.headers);
    default:
      return empty(200);
  }
}
