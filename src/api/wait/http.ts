import {
  Agent,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
  validateHeaderName,
  validateHeaderValue,
} from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf, RuncibleError } from "../../internal/errors";
import { checkedFunction, checkedInteger, checkedPositive, checkedText, checkedTextMap, wrong } from "../checks";
import { lastLogLines } from "../container/last-log-lines";
import type { BoundPorts } from "../ports/bound-ports";
import type { ContainerHandle } from "../runtime/container-handle";
import { getRuntime, type Runtime } from "../runtime/runtime";
import { poll, waitWithContainer } from "./until";
import { AbstractWaitStrategy } from "./wait-strategy";
import { withWholeMessage } from "./whole-message";

export type HttpWaitStrategyOptions = {
  /** When the container ends, the error's message is the last 50 log lines. It ends the wait at once in any case. */
  abortOnContainerExit?: boolean | undefined;
};

interface Answer {
  readonly status: number;
  readonly body: string;
}

/** Characters of a body in an error. */
const shownBody = 200;
/** RFC 9110, "token". */
const methodPattern = /^[\w!#$%&'*+.^`|~-]+$/;
const bodyLimit = 16 * 1024 * 1024;
/** Between attempts that fail at once: a service that just begins to listen is noticed quickly. */
const quickIntervalMs = 50;

/** A request is answered with 2xx, or as the predicates want it. Redirects are not followed. */
export class HttpWaitStrategy extends AbstractWaitStrategy {
  readonly #path: string;
  readonly #port: number;
  readonly #options: HttpWaitStrategyOptions;
  readonly #predicates: ((answer: Answer) => boolean)[] = [];
  #method = "GET";
  #headers: { [name: string]: string } = {};
  #readTimeoutMs = 1_000;
  #protocol: "http" | "https" = "http";
  #isInsecureAllowed = false;

  constructor(path: string, port: number, options: HttpWaitStrategyOptions) {
    super();
    this.#path = path;
    this.#port = port;
    this.#options = options;
  }

  forStatusCode(statusCode: number): this {
    checkedInteger(statusCode, "the status code", { min: 100, max: 599 });
    return this.forStatusCodeMatching((status) => status === statusCode);
  }

  forStatusCodeMatching(predicate: (statusCode: number) => boolean): this {
    checkedFunction(predicate, "the predicate of the status code");
    this.#predicates.push(({ status }) => predicate(status));
    return this;
  }

  forResponsePredicate(predicate: (body: string) => boolean): this {
    checkedFunction(predicate, "the predicate of the body");
    this.#predicates.push(({ body }) => predicate(body));
    return this;
  }

  withMethod(method: string): this {
    if (!methodPattern.test(checkedText(method, "the method"))) throw wrong("the method", method, "a method of HTTP");
    this.#method = method;
    return this;
  }

  withHeaders(headers: { [name: string]: string }): this {
    const added = checkedTextMap(headers, "the headers");
    for (const [name, value] of Object.entries(added)) checkHeader(name, value);
    this.#headers = { ...this.#headers, ...added };
    return this;
  }

  withBasicCredentials(username: string, password: string): this {
    const isName = typeof username === "string" && !username.includes(":");
    if (!isName) throw wrong("the user's name", username, "a text without a colon, which ends it");
    // Not the password itself: errors are logged.
    if (typeof password !== "string") throw wrong("the password", typeof password, "a text");
    const credentials = Buffer.from(`${username}:${password}`).toString("base64");
    return this.withHeaders({ Authorization: `Basic ${credentials}` });
  }

  /** Milliseconds one attempt may take, and the longest pause between two. Default: 1000. */
  withReadTimeout(readTimeoutMs: number): this {
    this.#readTimeoutMs = checkedPositive(readTimeoutMs, "the read timeout");
    return this;
  }

  usingTls(): this {
    this.#protocol = "https";
    return this;
  }

  /** Any certificate will do. */
  allowInsecure(): this {
    this.#isInsecureAllowed = true;
    return this;
  }

  /** The name that the original's documentation uses. */
  insecureTls(): this {
    return this.allowInsecure();
  }

  override toString(): string {
    return `${this.#protocol.toUpperCase()} ${this.#path} at port ${this.#port}`;
  }

  async waitUntilReady(container: ContainerHandle, boundPorts: BoundPorts): Promise<void> {
    const runtime = await getRuntime();
    const agent = this.#createAgent();
    const port = this.#publishedPort(boundPorts);
    let last = "it was not asked";
    const isReady = async (): Promise<boolean> => {
      const answer = await this.#ask(runtime.host, port, agent);
      last = typeof answer === "string" ? answer : `it answered ${answer.status}${beginningOf(answer.body)}`;
      return typeof answer !== "string" && this.#isReady(answer);
    };
    const limits = {
      engine: runtime.engine,
      containerId: container.id,
      timeoutMs: this.startupTimeoutMs,
      describeTimeout: () => `URL ${this.#path} not accessible after ${this.startupTimeoutMs}ms (at last ${last})`,
    };
    try {
      await waitWithContainer(limits, (signal) =>
        poll(signal, Math.min(quickIntervalMs, this.#readTimeoutMs), isReady),
      );
    } catch (error) {
      throw this.#options.abortOnContainerExit ? await describeExit(runtime, container.id, error) : error;
    } finally {
      agent.destroy();
    }
  }

  #publishedPort(boundPorts: BoundPorts): number {
    try {
      return boundPorts.getBinding(this.#port);
    } catch (cause) {
      throw new RuncibleError(
        "invalid-argument",
        `wait for HTTP: ${messageOf(cause)}; add ${this.#port} to withExposedPorts`,
        { cause },
      );
    }
  }

  /** The answer, or why there is none. */
  async #ask(host: string, port: number, agent: Agent): Promise<Answer | string> {
    const send = this.#protocol === "https" ? loadHttps().request : httpRequest;
    const options = { method: this.#method, headers: this.#headers, agent, host, port, path: this.#path };
    return ask(send, options, this.#readTimeoutMs).catch((error: unknown) =>
      isTimeout(error) ? `no answer came within ${this.#readTimeoutMs} ms` : `the request failed: ${messageOf(error)}`,
    );
  }

  async #isReady(answer: Answer): Promise<boolean> {
    const isReady = this.#holds(answer);
    // A service that answers but is not ready is left in peace for a while.
    if (!isReady) await delay(Math.min(this.#readTimeoutMs, 1_000) / 4);
    return isReady;
  }

  #holds(answer: Answer): boolean {
    if (this.#predicates.length === 0) return answer.status >= 200 && answer.status < 300;
    try {
      return this.#predicates.every((predicate) => predicate(answer));
    } catch {
      // Made for the answer of a service that is ready.
      return false;
    }
  }

  #createAgent(): Agent {
    if (this.#protocol === "http") return new Agent();
    const { Agent: TlsAgent } = loadHttps();
    return new TlsAgent({ rejectUnauthorized: !this.#isInsecureAllowed });
  }
}

/** Only when it is used: loading TLS takes a fresh process 5 ms. */
function loadHttps(): typeof import("node:https") {
  return require("node:https") as typeof import("node:https");
}

function ask(send: typeof httpRequest, options: RequestOptions, timeoutMs: number): Promise<Answer> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const request = send({ ...options, signal }, (response) => {
      textOf(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    request.once("error", reject);
    request.end();
  });
}

/** An aborted request tells of the abort; the reason is further down. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
}

function beginningOf(body: string): string {
  const text = body.trim();
  return text === "" ? "" : `: ${text.slice(0, shownBody)}`;
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > bodyLimit) break;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function describeExit({ engine }: Runtime, containerId: string, error: unknown): Promise<unknown> {
  if (!(error instanceof RuncibleError) || error.code !== "container-exited") return error;
  const { cause, evidence } = error;
  const lines = await lastLogLines(engine, containerId, 50).catch(() => undefined);
  const found = lines === undefined ? "failed to get last logs" : `last 50 logs: ${lines.join("\n")}`;
  const text = `Container exited during HTTP healthCheck, ${found}`;
  return withWholeMessage(new RuncibleError("container-exited", text, { cause, evidence }));
}

function checkHeader(name: string, value: string): void {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
  } catch (cause) {
    throw new RuncibleError("invalid-argument", `set the headers: ${name}: ${messageOf(cause)}`, { cause });
  }
}
