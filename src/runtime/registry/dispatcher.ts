import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import type { Dispatcher } from "undici";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { explainSystemError } from "../../internal/system-error";
import { isLoopback, type RegistrySettings } from "./settings";
import { isUntrusted, trustedBy } from "./trust";
import { undici } from "./undici";

const connectTimeoutMs = 10_000;

type RequestOptions = Omit<Dispatcher.RequestOptions<null>, "origin" | "path">;

/** Connections, kept by origin. */
export interface Dispatchers {
  request(url: URL, options: RequestOptions): Promise<Dispatcher.ResponseData>;
  close(): Promise<void>;
}

export function createDispatchers(settings: RegistrySettings): Dispatchers {
  const opened = new Map<string, Promise<Dispatcher>>();
  const dispatcherFor = (url: URL): Promise<Dispatcher> => {
    const known = opened.get(url.origin) ?? openDispatcher(url, settings);
    opened.set(url.origin, known);
    return known;
  };
  return {
    request: async (url, options) => {
      const asked = dispatcherFor(url);
      try {
        return await undici().request(url, { ...options, dispatcher: await asked });
      } catch (error) {
        // The certificate that lacks may be there at the next try, as with Docker.
        if (isUntrusted(error) && opened.get(url.origin) === asked) {
          opened.delete(url.origin);
          void asked.then((dispatcher) => dispatcher.destroy());
        }
        throw error;
      }
    },
    close: async () => {
      await Promise.allSettled([...opened.values()].map(async (dispatcher) => (await dispatcher).close()));
    },
  };

  /** Through the proxy and with the certificates the settings name for it; one that fails is no answer for later. */
  function openDispatcher(url: URL, { insecure }: RegistrySettings): Promise<Dispatcher> {
    const dispatcher = insecure.includes(url.host)
      ? dispatcherWith(url, settings, { rejectUnauthorized: false })
      : trustOf(url, settings).then((tls) => dispatcherWith(url, settings, tls));
    dispatcher.catch(() => opened.delete(url.origin));
    return dispatcher;
  }
}

async function trustOf(url: URL, { certificateFolder, authorities }: RegistrySettings): Promise<TlsSettings> {
  if (url.protocol !== "https:") return {};
  const certificates = await certificatesOf(join(certificateFolder, url.host));
  return { secureContext: await trustedBy(authorities, certificates) };
}

/** To learn whether a server speaks TLS: it trusts nobody, and lists of certificates are not read for it. */
export function probingDispatcher(url: URL, settings: RegistrySettings): Promise<Dispatcher> {
  return dispatcherWith(url, settings, { ca: [] });
}

type TlsSettings = Pick<ConnectionOptions, "ca" | "rejectUnauthorized" | "secureContext">;

async function dispatcherWith(url: URL, settings: RegistrySettings, tls: TlsSettings): Promise<Dispatcher> {
  const { Agent, ProxyAgent } = undici();
  const connect = {
    ...tls,
    timeout: Math.min(settings.idleTimeoutMs, connectTimeoutMs),
  };
  const common = { headersTimeout: settings.idleTimeoutMs, bodyTimeout: settings.idleTimeoutMs };
  const proxy = proxyFor(url, settings);
  if (proxy === undefined) return new Agent({ connect, ...common });
  const proxyTls = proxy.startsWith("https:") ? { secureContext: await trustedBy(settings.authorities) } : {};
  return new ProxyAgent({ uri: proxy, requestTls: connect, proxyTls, ...common });
}

/** Every `*.crt`, as Docker reads the folder. */
async function certificatesOf(folder: string): Promise<readonly string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".crt"));
    return await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return [];
    if (!hasCode(error, "EACCES")) throw explainSystemError(`read certificates in ${folder}`, error);
    const message = `read certificates in ${folder}: ${messageOf(error)}; make it readable for the engine's user`;
    throw new RuncibleError("permission-denied", message, { cause: error });
  }
}

/** Undefined: straight. Loopback never goes through a proxy. */
export function proxyFor(url: URL, { proxy }: Pick<RegistrySettings, "proxy">): string | undefined {
  if (isLoopback(url.host)) return undefined;
  const bypass = (proxy.bypass ?? "").split(",").map((item) => item.trim().replace(/^\*?\./, ""));
  const isBypassed = bypass.some((item) => item === "*" || (item !== "" && `.${url.hostname}`.endsWith(`.${item}`)));
  if (isBypassed) return undefined;
  return url.protocol === "https:" ? proxy.https : proxy.http;
}
