import {
  type ClientRequest,
  createServer,
  request as forward,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createTlsServer, request as forwardInTls } from "node:https";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
}

/** What becomes of one answer of the registry. Undefined: it goes through as it is. */
export type Fault =
  | { readonly kind: "answer"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The connection breaks after so many bytes of the body. */
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** So many bytes come, then nothing more, and the connection stays. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  /** So many bytes come at once, then one every now and then. */
  | { readonly kind: "trickle"; readonly afterBytes: number; readonly everyMs: number }
  /**
   * So many bytes of what the client sends reach the registry, then the connection breaks. A registry that keeps them
   * says how many it has when it is asked; Debian's forgets the whole upload, so the proxy keeps them in its place.
   */
  | { readonly kind: "cut"; readonly afterBytes: number; readonly isKept: boolean }
  | { readonly kind: "change"; readonly change: (answer: Answer) => Answer };

export interface FaultProxy extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** Every request so far. */
  readonly seen: readonly SeenRequest[];
  /** Bytes of blobs that were sent, by path. */
  readonly sent: ReadonlyMap<string, number>;
}

export interface FaultProxyOptions {
  /** Of the registry behind it. */
  readonly url: string;
  /** Decides for each request, in order of arrival; may wait. */
  readonly fault?: (request: SeenRequest) => Fault | undefined | Promise<Fault | undefined>;
  /** Speak TLS with these. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
}

/** Stands between a client and a registry and breaks what a test wants broken. */
export async function startFaultProxy({ url, fault, tls }: FaultProxyOptions): Promise<FaultProxy> {
  const seen: SeenRequest[] = [];
  const sent = new Map<string, number>();
  /** Where the uploads that were cut off go on. */
  const moved = new Map<string, string>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "GET", url: path = "/", headers } = request;
    const one = { method, path, headers };
    seen.push(one);
    const wanted = await fault?.(one);
    if (wanted?.kind === "answer") {
      request.resume();
      response.writeHead(wanted.status, wanted.headers).end();
      return;
    }
    if (wanted?.kind === "cut") {
      const part = await firstBytesOf(request, wanted.afterBytes);
      if (wanted.isKept) {
        const headers = { ...one.headers, "content-length": String(part.length) };
        const kept = await ask(url, { ...one, headers }, Readable.from([part]));
        moved.set(path, new URL(kept.headers["location"] ?? "").href.replace(/^https?:\/\/[^/]+/, ""));
      } else await breakOff(url, one, part);
      request.socket.destroy();
      return;
    }
    const answer = await ask(url, { ...one, path: moved.get(path) ?? path }, request);
    const { status, headers: answerHeaders, body } = wanted?.kind === "change" ? wanted.change(answer) : answer;
    const part = wanted !== undefined && "afterBytes" in wanted ? body.subarray(0, wanted.afterBytes) : body;
    if (path.includes("/blobs/")) sent.set(path, (sent.get(path) ?? 0) + part.length);
    response.writeHead(status, answerHeaders);
    response.flushHeaders();
    if (wanted?.kind === "stall") response.write(part);
    else if (wanted?.kind === "trickle") trickle(response, part, body.subarray(part.length), wanted.everyMs);
    else if (wanted?.kind === "reset") response.write(part, () => response.socket?.end());
    else response.end(part);
  };
  const listener: RequestListener = (request, response) => {
    serve(request, response).catch(() => response.destroy());
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    sent,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function trickle(response: ServerResponse, start: Buffer, rest: Buffer, everyMs: number): void {
  response.write(start);
  let sent = 0;
  const timer = setInterval(() => {
    if (sent < rest.length) response.write(rest.subarray(sent, ++sent));
    else response.end();
  }, everyMs);
  response.once("close", () => clearInterval(timer));
}

function ask(registry: string, seen: SeenRequest, body: Readable): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = open(registry, seen, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const flat = Object.entries(response.headers).map(([name, value]) => [name, String(value)]);
        resolve({
          status: response.statusCode ?? 502,
          headers: Object.fromEntries(flat),
          body: Buffer.concat(chunks),
        });
      });
    });
    asked.once("error", reject);
    body.pipe(asked);
  });
}

/** The registry names places to send to by the host that its client spoke to. */
function open(
  registry: string,
  { method, path, headers }: SeenRequest,
  onResponse: (response: IncomingMessage) => void,
): ClientRequest {
  const url = new URL(path, registry);
  const isTls = url.protocol === "https:";
  const forwarded = { host: url.host, "x-forwarded-host": headers.host };
  const options = { method, headers: { ...headers, ...forwarded }, ...(isTls && { rejectUnauthorized: false }) };
  return (isTls ? forwardInTls : forward)(url, options, onResponse);
}

async function firstBytesOf(request: IncomingMessage, count: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= count) break;
  }
  return Buffer.concat(chunks).subarray(0, count);
}

/** The registry sees its client vanish. */
async function breakOff(registry: string, seen: SeenRequest, part: Buffer): Promise<void> {
  const asked = open(registry, seen, (response) => response.resume());
  const closed = new Promise<void>((resolve) => asked.once("close", resolve));
  asked.on("error", () => {});
  await new Promise((resolve) => asked.write(part, resolve));
  asked.destroy();
  await closed;
}
