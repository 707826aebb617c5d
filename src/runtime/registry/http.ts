import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Agent, type Dispatcher, ProxyAgent, request } from "undici";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { isLoopback, type RegistrySettings } from "./settings";

export interface HttpRequest {
  readonly url: URL;
  readonly method?: "GET" | "HEAD";
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export type HttpResponse = Dispatcher.ResponseData;

/** HTTP for registries: retries what failed for now, follows redirects without taking credentials along. */
export interface RegistryHttp {
  /** Any status comes back except the ones worth a retry. Throws `registry-unreachable`, `registry-rate-limited`, `aborted`. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** `https`, or `http` for a loopback or insecure registry that does not speak TLS. */
  schemeOf(host: string, signal: AbortSignal): Promise<"http" | "https">;
  close(): Promise<void>;
}

const redirectLimit = 5;
const retriedStatuses = [408, 429, 500, 502, 503, 504];
const longestDelayMs = 30_000;

export function openRegistryHttp(settings: RegistrySettings): RegistryHttp {
  const dispatchers = new Map<string, Promise<Dispatcher>>();
  const schemes = new Map<string, "http" | "https">();

  const dispatcherFor = (url: URL): Promise<Dispatcher> => {
    const known = dispatchers.get(url.origin);
    if (known !== undefined) return known;
    const opened = openDispatcher(url, settings);
    dispatchers.set(url.origin, opened);
    return opened;
  };

  const sendOnce = async ({ url, method = "GET", headers = {}, signal }: HttpRequest): Promise<HttpResponse> => {
    let target = url;
    let sent = headers;
    for (let hop = 0; hop <= redirectLimit; hop++) {
      const dispatcher = await dispatcherFor(target);
      const response = await request(target, { method, headers: sent, signal, dispatcher });
      const location = response.headers["location"];
      if (![301, 302, 303, 307, 308].includes(response.statusCode) || typeof location !== "string") return response;
      await response.body.dump();
      const next = new URL(location, target);
      checkRedirect(target, next, settings);
      if (next.origin !== target.origin) sent = withoutCredentials(sent);
      target = next;
    }
    throw new RuncibleError("registry-error", `ask registry ${url.host}: more than ${redirectLimit} redirects`);
  };

  const send = async (asked: HttpRequest): Promise<HttpResponse> => {
    for (let attempt = 0; ; attempt++) {
      const isLast = attempt >= settings.retries;
      try {
        const response = await sendOnce(asked);
        if (!retriedStatuses.includes(response.statusCode) || (isLast && response.statusCode !== 429)) return response;
        await response.body.dump();
        if (isLast) throw rateLimited(asked.url.host);
        await pause(retryAfterMs(response) ?? backoffMs(settings, attempt), asked.signal);
      } catch (error) {
        if (asked.signal.aborted) throw aborted(asked.url.host, error);
        if (error instanceof RuncibleError) throw error;
        if (isLast || !isTemporary(error)) throw unreachable(asked.url.host, error);
        await pause(backoffMs(settings, attempt), asked.signal);
      }
    }
  };

  const schemeOf = async (host: string, signal: AbortSignal): Promise<"http" | "https"> => {
    const known = schemes.get(host);
    if (known !== undefined) return known;
    const mayBePlain = isLoopback(host) || settings.insecure.includes(host);
    const scheme = mayBePlain && !(await speaksTls(host, signal, sendOnce)) ? "http" : "https";
    schemes.set(host, scheme);
    return scheme;
  };

  const close = async (): Promise<void> => {
    await Promise.all([...dispatchers.values()].map(async (dispatcher) => (await dispatcher).close()));
  };
  return { send, schemeOf, close };
}

async function openDispatcher(url: URL, settings: RegistrySettings): Promise<Dispatcher> {
  const ca = await readFile(join(settings.certificateFolder, url.host, "ca.crt"), "utf8").catch(() => undefined);
  const isInsecure = settings.insecure.includes(url.host);
  const connect = { ...(ca === undefined ? {} : { ca }), ...(isInsecure ? { rejectUnauthorized: false } : {}) };
  const common = { headersTimeout: settings.idleTimeoutMs, bodyTimeout: settings.idleTimeoutMs };
  const proxy = proxyFor(url, settings);
  if (proxy !== undefined) return new ProxyAgent({ uri: proxy, requestTls: connect, ...common });
  return new Agent({ connect: { ...connect, timeout: settings.idleTimeoutMs }, ...common });
}

function proxyFor(url: URL, { proxy }: RegistrySettings): string | undefined {
  if (isLoopback(url.host)) return undefined;
  const bypass = (proxy.bypass ?? "").split(",").map((item) => item.trim().replace(/^\*?\./, ""));
  const isBypassed = bypass.some((item) => item === "*" || (item !== "" && `.${url.hostname}`.endsWith(`.${item}`)));
  return isBypassed ? undefined : url.protocol === "https:" ? proxy.https : proxy.http;
}

/** A wrong certificate is TLS all the same: falling back to plain http then would be what an attacker wants. */
async function speaksTls(
  host: string,
  signal: AbortSignal,
  sendOnce: (request: HttpRequest) => Promise<HttpResponse>,
): Promise<boolean> {
  try {
    const response = await sendOnce({ url: new URL(`https://${host}/v2/`), signal });
    await response.body.dump();
    return true;
  } catch (error) {
    if (signal.aborted) throw aborted(host, error);
    return !/wrong version number|packet length too long|EPROTO|ERR_SSL_WRONG|ECONNRESET|other side closed|ECONNREFUSED/i.test(
      `${messageOf(error)} ${codeOf(error)}`,
    );
  }
}

function checkRedirect(from: URL, to: URL, settings: RegistrySettings): void {
  const isPlain = to.protocol === "http:";
  if (to.protocol !== "https:" && !isPlain) {
    throw new RuncibleError("registry-error", `ask registry ${from.host}: it redirects to ${to.protocol}//`);
  }
  if (isPlain && from.protocol === "https:" && !settings.insecure.includes(to.host) && !isLoopback(to.host)) {
    throw new RuncibleError("registry-error", `ask registry ${from.host}: it redirects from https to plain http`);
  }
}

function withoutCredentials(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key.toLowerCase() !== "authorization"));
}

/** Seconds or a date: RFC 9110, section 10.2.3. */
function retryAfterMs({ headers }: HttpResponse): number | undefined {
  const value = headers["retry-after"];
  if (typeof value !== "string") return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), longestDelayMs);
}

export function backoffMs({ retryDelayMs }: RegistrySettings, attempt: number): number {
  return Math.min(retryDelayMs * 2 ** attempt, longestDelayMs) * (0.5 + Math.random() / 2);
}

export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {});
}

/** Worth another try: the connection broke. Where nobody listens, or no such name exists, waiting does not help. */
export function isTemporary(error: unknown): boolean {
  const code = codeOf(error);
  return /^(ECONNRESET|EPIPE|ETIMEDOUT|EAI_AGAIN|UND_ERR_(SOCKET|CONNECT_TIMEOUT|HEADERS_TIMEOUT|BODY_TIMEOUT|RES_CONTENT_LENGTH_MISMATCH))$/.test(
    code,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function rateLimited(host: string): RuncibleError {
  return new RuncibleError(
    "registry-rate-limited",
    `ask registry ${host}: it answers "too many requests"; wait, log in, or use a mirror (RUNCIBLE_REGISTRY_MIRRORS)`,
  );
}

export function unreachable(host: string, cause: unknown): RuncibleError {
  const reason = hasCode(cause, "ENOTFOUND") ? "no such host" : messageOf(cause) || codeOf(cause);
  return new RuncibleError(
    "registry-unreachable",
    `reach registry ${host}: ${reason}; check the name, the network and the proxy settings`,
    { cause },
  );
}

export function aborted(host: string, cause: unknown): RuncibleError {
  return new RuncibleError("aborted", `ask registry ${host}: cancelled`, { cause });
}
