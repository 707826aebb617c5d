import { Agent, request as httpRequest, validateHeaderName, validateHeaderValue } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf, RuncibleError } from "../../internal/errors";
import { checkedFunction, checkedInteger, checkedPositive, checkedText, checkedTextMap, wrong } from "../checks";
import { lastLogLines } from "../container/last-log-lines";
import type { BoundPorts } from "../ports/bound-ports";
import type { ContainerHandle } from "../runtime/container-handle";
import { getRuntime, type Runtime } from "../runtime/runtime";
import { askForAnswer, describeAnswer, describeNoAnswer, type HttpAnswer } from "./http-answer";
import { poll, waitWithContainer } from "./until";
import { AbstractWaitStrategy } from "./wait-strategy";
import { withWholeMessage } from "./whole-message";

export type HttpWaitStrategyOptions = {
  /** When the container ends, the error's message is the last 50 log lines. It ends the wait at once in any case. */
  abortOnContainerExit?: boolean | undefined;
};

interface Attempt {
  readonly isReady: boolean;
  /** For errors. */
  readonly seen: string;
}

/** RFC 9110, "token". */
const methodPattern = /^[\w!#$%&'*+.^`|~-]+$/;
/** Between attempts that fail at once: a service that just begins to listen is noticed quickly. */
const quickIntervalMs = 50;

/** A request is answered with 2xx, or as the predicates want it. Redirects are not followed. */
export class HttpWaitStrategy extends AbstractWaitStrategy {
  readonly #path: string;
  readonly #port: number;
  readonly #options: HttpWaitStrategyOptions;
  readonly #predicates: ((answer: HttpAnswer) => boolean | Promise<boolean>)[] = [];
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
    this.#predicates.push(async (answer) => predicate(await answer.body()));
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
      const { isReady: isDone, seen } = await this.#attempt(runtime.host, port, agent);
      last = seen;
      return isDone;
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

  async #attempt(host: string, port: number, agent: Agent): Promise<Attempt> {
    const send = this.#protocol === "https" ? loadHttps().request : httpRequest;
    const path = requestPathOf(this.#path);
    const options = { method: this.#method, headers: this.#headers, agent, host, port, path };
    let answer: HttpAnswer;
    try {
      answer = await askForAnswer(send, options, this.#readTimeoutMs);
    } catch (error) {
      return { isReady: false, seen: describeNoAnswer(error, this.#readTimeoutMs) };
    }
    try {
      if (await this.#holds(answer)) return { isReady: true, seen: `it answered ${answer.status}` };
      const seen = await describeAnswer(answer, this.#readTimeoutMs);
      // A service that answers but is not ready is left in peace for a while.
      await delay(Math.min(this.#readTimeoutMs, 1_000) / 4);
      return { isReady: false, seen };
    } finally {
      answer.close();
    }
  }

  async #holds(answer: HttpAnswer): Promise<boolean> {
    if (this.#predicates.length === 0) return answer.status >= 200 && answer.status < 300;
    try {
      for (const predicate of this.#predicates) if (!(await predicate(answer))) return false;
      return true;
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

/**
 * What of a URL goes into the request: what may not stand there as it is, spaces and letters beyond ASCII, is encoded,
 * and a fragment stays here.
 */
function requestPathOf(path: string): string {
  const { pathname, search } = new URL(`http://localhost${path}`);
  return `${pathname}${search}`;
}

/** Only when it is used: loading TLS takes a fresh process 5 ms. */
function loadHttps(): typeof import("node:https") {
  return require("node:https") as typeof import("node:https");
}

async function describeExit({ engine }: Runtime, containerId: string, error: unknown): Promise<unknown> {
  if (!(error instanceof RuncibleError) || error.code !== "container-exited") return error;
  const { cause, evidence } = error;
  const lines = await lastLogLines(engine, containerId, 50).catch(() => undefined);
  const found =
    lines === undefined ? "failed to get last logs" : `last 50 logs: ${lines.map((line) => line.trim()).join("\n")}`;
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
