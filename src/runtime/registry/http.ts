import type { Readable } from "node:stream";
import type { Dispatcher } from "undici";
import { RuncibleError } from "../../internal/errors";
import { type AnswerBody, answerBody } from "./answer-body";
import { createDispatchers } from "./dispatcher";
import { backoffMs, isTemporaryStatus, isTooLong, pause, reasonOf, retriesFor, retryAfterMs } from "./patience";
import { isLoopback, type RegistrySettings } from "./settings";
import { speechOf } from "./speech";
import { isUntrusted, uselessPlaces } from "./trust";

export interface HttpRequest {
  readonly url: URL;
  /** Default: GET. Only GET and HEAD are redirected. */
  readonly method?: HttpMethod;
  readonly headers?: Readonly<Record<string, string>>;
  /** A function makes the body anew for each time it is sent. */
  readonly body?: string | Buffer | (() => Readable);
  /**
   * One try: a status that says "not now" is the answer, and a broken connection is thrown as it is. Default: false.
   */
  readonly isTriedOnce?: boolean;
  readonly signal: AbortSignal;
}

export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH";

export interface HttpResponse extends Pick<Dispatcher.ResponseData, "statusCode" | "headers"> {
  readonly body: AnswerBody;
}

/** HTTP for registries: retries what failed for now, follows redirects without taking credentials along. */
export interface RegistryHttp {
  /** Any status may come back. Throws `registry-unreachable`, `registry-rate-limited`, `registry-error`, `aborted`. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /**
   * Asks and reads the answer, again from the start when it breaks before its end. Throws as `send`, and what `ask`
   * throws.
   */
  whole<T>(host: string, ask: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** `https`, or `http` for a loopback or insecure registry that does not speak TLS. */
  schemeOf(host: string, signal: AbortSignal): Promise<"http" | "https">;
  close(): Promise<void>;
}

const redirectLimit = 5;

export function openRegistryHttp(settings: RegistrySettings): RegistryHttp {
  const dispatchers = createDispatchers(settings);
  const schemes = new Map<string, "http" | "https">();

  const sendOnce = async ({ url, method = "GET", headers = {}, body, signal }: HttpRequest): Promise<HttpResponse> => {
    const answer = await dispatchers.request(url, {
      method,
      headers,
      signal,
      ...(body === undefined ? {} : { body: typeof body === "function" ? body() : body }),
    });
    const { statusCode, headers: answered } = answer;
    return { statusCode, headers: answered, body: answerBody(answer.body, url.host, settings) };
  };

  /** Undefined: worth another try, after a pause. */
  const attempt = async (asked: HttpRequest, tries: number): Promise<HttpResponse | undefined> => {
    const { url, signal, isTriedOnce = false } = asked;
    try {
      const response = await sendOnce(asked);
      if (isTriedOnce || !isTemporaryStatus(response.statusCode)) return response;
      const wait = retryAfterMs(response.headers["retry-after"], Date.now()) ?? backoffMs(settings, tries);
      const isOver = tries >= settings.retries || isTooLong(wait);
      if (isOver && response.statusCode !== 429) return response;
      await response.body.discard();
      if (isOver) throw rateLimited(url.host);
      await pause(wait, signal);
    } catch (error) {
      if (signal.aborted) throw aborted(url.host, error);
      if (error instanceof RuncibleError || isTriedOnce) throw error;
      if (tries >= retriesFor(error, settings)) throw await unreachable(url.host, error, settings);
      await pause(backoffMs(settings, tries), signal);
    }
    return undefined;
  };

  const persist = async (asked: HttpRequest): Promise<HttpResponse> => {
    for (let tries = 0; ; tries++) {
      const response = await attempt(asked, tries);
      if (response !== undefined) return response;
    }
  };

  const send = async (asked: HttpRequest): Promise<HttpResponse> => {
    let hop = asked;
    for (let hops = 0; hops <= redirectLimit; hops++) {
      const response = await persist(hop);
      const isRedirected = hop.method === undefined || hop.method === "GET" || hop.method === "HEAD";
      const next = isRedirected ? redirectOf(response, hop.url, settings) : undefined;
      if (next === undefined) return response;
      await response.body.discard();
      hop = { ...hop, url: next, headers: headersFor(hop, next) };
    }
    throw new RuncibleError("registry-error", `ask registry ${asked.url.host}: more than ${redirectLimit} redirects`);
  };

  const whole = async <T>(host: string, ask: () => Promise<T>, signal: AbortSignal): Promise<T> => {
    for (let tries = 0; ; tries++) {
      try {
        return await ask();
      } catch (error) {
        if (error instanceof RuncibleError) throw error;
        if (signal.aborted) throw aborted(host, error);
        if (tries >= retriesFor(error, settings)) throw await unreachable(host, error, settings);
        await pause(backoffMs(settings, tries), signal);
      }
    }
  };

  const schemeOf = async (host: string, signal: AbortSignal): Promise<"http" | "https"> => {
    const known = schemes.get(host);
    if (known !== undefined) return known;
    if (!isLoopback(host) && !settings.insecure.includes(host)) return "https";
    const speech = await speechOf(host, settings, signal);
    if (signal.aborted) throw aborted(host, signal.reason);
    if (speech === undefined) return "http";
    schemes.set(host, speech);
    return speech;
  };

  return { send, whole, schemeOf, close: dispatchers.close };
}

/** Where the answer sends us. Throws `registry-error` when that is not https though we come from there. */
function redirectOf(response: HttpResponse, from: URL, settings: RegistrySettings): URL | undefined {
  const { location } = response.headers;
  if (![301, 302, 303, 307, 308].includes(response.statusCode) || typeof location !== "string") return undefined;
  try {
    return followed(location, from, settings);
  } catch (error) {
    response.body.destroy();
    throw error;
  }
}

/**
 * Where a registry sends us from one of its URLs. Throws `registry-error` when that is not https though we come from
 * there.
 */
export function followed(location: string, from: URL, { insecure }: Pick<RegistrySettings, "insecure">): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
  const isAllowed =
    to?.protocol === "https:" ||
    (to?.protocol === "http:" && (from.protocol === "http:" || insecure.includes(to.host)));
  if (to !== undefined && isAllowed) return to;
  throw new RuncibleError(
    "registry-error",
    `ask registry ${from.host}: it redirects from ${from.protocol}// to ${to?.origin ?? "no URL"}, which is refused`,
  );
}

function headersFor({ url, headers = {} }: HttpRequest, next: URL): Readonly<Record<string, string>> {
  if (url.origin === next.origin) return headers;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"));
}

function rateLimited(host: string): RuncibleError {
  return new RuncibleError(
    "registry-rate-limited",
    `ask registry ${host}: it answers "too many requests"; wait, log in, or use a mirror (registries.conf, RUNCIBLE_REGISTRY_MIRRORS)`,
  );
}

async function unreachable(host: string, cause: unknown, settings: RegistrySettings): Promise<RuncibleError> {
  const advice = isUntrusted(cause)
    ? [
        `if its certificate is right, put that of its authority into certs.d/${host}/ca.crt, or name the file in NODE_EXTRA_CA_CERTS before the engine starts`,
        ...(await uselessPlaces(settings.authorities)),
      ]
    : ["check the name, the network and the proxy settings"];
  const message = [`reach registry ${host}: ${reasonOf(cause, settings)}`, ...advice].join("; ");
  return new RuncibleError("registry-unreachable", message, { cause });
}

export function aborted(host: string, cause: unknown): RuncibleError {
  return new RuncibleError("aborted", `ask registry ${host}: cancelled`, { cause });
}
