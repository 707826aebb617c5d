import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import type { Dispatcher } from "undici";
import { hasCode } from "../../internal/errors";
import { isLoopback, type RegistrySettings } from "./settings";
import { trustedBy } from "./trust";
import { undici } from "./undici";

const connectTimeoutMs = 10_000;

/** Connections to one origin, through the proxy and with the certificates the settings name for it. */
export async function openDispatcher(url: URL, settings: RegistrySettings): Promise<Dispatcher> {
  if (settings.insecure.includes(url.host)) return dispatcherWith(url, settings, { rejectUnauthorized: false });
  if (url.protocol !== "https:") return dispatcherWith(url, settings, {});
  const certificates = await certificatesOf(join(settings.certificateFolder, url.host));
  return dispatcherWith(url, settings, { secureContext: await trustedBy(settings.authorityFiles, certificates) });
}

/** To learn whether a server speaks TLS: it trusts nobody, and lists of certificates are not read for it. */
export function probingDispatcher(url: URL, settings: RegistrySettings): Dispatcher {
  return dispatcherWith(url, settings, { ca: [] });
}

type TlsSettings = Pick<ConnectionOptions, "ca" | "rejectUnauthorized" | "secureContext">;

function dispatcherWith(url: URL, settings: RegistrySettings, tls: TlsSettings): Dispatcher {
  const { Agent, ProxyAgent } = undici();
  const connect = {
    ...tls,
    timeout: Math.min(settings.idleTimeoutMs, connectTimeoutMs),
  };
  const common = { headersTimeout: settings.idleTimeoutMs, bodyTimeout: settings.idleTimeoutMs };
  const proxy = proxyFor(url, settings);
  if (proxy !== undefined) return new ProxyAgent({ uri: proxy, requestTls: connect, ...common });
  return new Agent({ connect, ...common });
}

/** Every `*.crt`, as Docker reads the folder. */
async function certificatesOf(folder: string): Promise<readonly string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".crt"));
    return await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return [];
    throw error;
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
