import type { RegistriesPlace } from "./registries-files";
import type { AuthorityPlace } from "./trust";

/** What a user may configure about registries. */
export interface RegistrySettings {
  /** Hosts that may be spoken to over plain http, or over https with any certificate. Loopback always may use http. */
  readonly insecure: readonly string[];
  /** Mirrors of docker.io, base URLs, tried in order before it. */
  readonly mirrors: readonly string[];
  /** Where rules by containers-registries.conf(5) are looked for. Default: nowhere. */
  readonly registriesConf: readonly RegistriesPlace[];
  /** As curl reads them: `bypass` lists host suffixes, `*` for all. */
  readonly proxy: { readonly http?: string; readonly https?: string; readonly bypass?: string };
  /** Layers downloaded at a time. Default: 3. */
  readonly parallelDownloads: number;
  /** Tries after the first of a request that failed for now. Default: 5. */
  readonly retries: number;
  /** Before the first retry; doubles, with jitter. Default: 200. */
  readonly retryDelayMs: number;
  /** Without a byte for so long a connection counts as broken. Default: 30 000. */
  readonly idleTimeoutMs: number;
  /**
   * In which a manifest, a list of tags, a token or a refusal has to come whole, from its headers on. Default: 60 000.
   */
  readonly answerTimeoutMs: number;
  /** A blob that comes more slowly than `leastBytesPerSecond` for so long is given up. Default: 60 000. */
  readonly slowAfterMs: number;
  /** Default: 1024. */
  readonly leastBytesPerSecond: number;
  /**
   * Folder with certificates per host, `<host>/ca.crt`, trusted beside the usual ones. Default: /etc/docker/certs.d.
   */
  readonly certificateFolder: string;
  /**
   * Where certificates are of authorities that are trusted beside Node's own. Those that are not there add nothing.
   * Default: none.
   */
  readonly authorities: readonly AuthorityPlace[];
}

export const defaultRegistrySettings: RegistrySettings = {
  insecure: [],
  mirrors: [],
  registriesConf: [],
  proxy: {},
  parallelDownloads: 3,
  retries: 5,
  retryDelayMs: 200,
  idleTimeoutMs: 30_000,
  answerTimeoutMs: 60_000,
  slowAfterMs: 60_000,
  leastBytesPerSecond: 1024,
  certificateFolder: "/etc/docker/certs.d",
  authorities: [],
};

export interface RegistryCredentials {
  readonly username?: string;
  readonly password?: string;
  /** Refresh token of an earlier login. */
  readonly identityToken?: string;
  /** Bearer token, sent as it is. */
  readonly registryToken?: string;
}

/** docker.io is a name, not a host. */
export function hostOf(domain: string): string {
  return domain === "docker.io" ? `registry-1.${domain}` : domain;
}

export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[|\]$/g, "");
  return name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}
