import { RuncibleError } from "../internal/errors";

/** Where a daemon listens. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsFiles };

/** Contents of the certificate files, PEM. */
export interface TlsFiles {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/**
 * Reads `unix:///path`, `tcp://host:port`, `http://…` and `https://…`. `source` names where the text comes from, for the
 * error. Throws `invalid-argument`.
 */
export function parseEndpoint(text: string, source: string, tls?: TlsFiles): Endpoint {
  if (text.startsWith("unix://")) return { kind: "unix", path: text.slice("unix://".length) };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["tcp:", "http:", "https:"].includes(url.protocol) || url.hostname === "") {
    throw new RuncibleError(
      "invalid-argument",
      `read ${source}: "${text}" is no address of a daemon; use unix:///path or tcp://host:port`,
    );
  }
  const port = Number(url.port || (url.protocol === "https:" || tls ? 2376 : 2375));
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { kind: "tcp", host, port, ...(tls === undefined ? {} : { tls }) };
}

/** As a person would write it. */
export function describeEndpoint(endpoint: Endpoint): string {
  return endpoint.kind === "unix" ? `unix://${endpoint.path}` : `tcp://${endpoint.host}:${endpoint.port}`;
}
