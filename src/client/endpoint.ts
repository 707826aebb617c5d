import { isIP } from "node:net";
import { RuncibleError } from "../internal/errors";

/** Where a daemon listens. */
export type Endpoint =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: TlsTrust }
  | SshEndpoint;

/** A daemon's socket on a machine that is reached over SSH. */
export interface SshEndpoint {
  readonly kind: "ssh";
  readonly host: string;
  readonly port: number;
  /** Default: whoever runs this process. */
  readonly user?: string;
  /** The socket, there. Default: what Docker has. */
  readonly path?: string;
  readonly identity: SshIdentity;
}

/** Where keys are: what this user logs in with, and which hosts are trusted. */
export interface SshIdentity {
  /** Has the folder `.ssh`. Undefined: this user has none. */
  readonly homeFolder: string | undefined;
  /** Socket of an SSH agent. */
  readonly agentSocket?: string;
}

/** Contents of the certificate files, PEM. */
export interface TlsFiles {
  /** Where they are. */
  readonly folder: string;
  /** What the daemon's certificate is signed with. */
  readonly ca: Buffer;
  /** What this client shows. */
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** How a connection is secured. Nothing: by what Node trusts, and this client shows no certificate. */
export type TlsTrust = TlsFiles | Readonly<Record<keyof TlsFiles, undefined>>;

export const publicTrust: TlsTrust = { folder: undefined, ca: undefined, cert: undefined, key: undefined };

/** For Node's `tls` and `https`. */
export function tlsOptionsOf(host: string, { ca, cert, key }: TlsTrust): TlsOptions {
  // Without a name Node takes that of the Host header. An address is none, and is compared all the same.
  return { ca, cert, key, servername: isIP(host) === 0 ? host : "" };
}

type TlsOptions = Readonly<Record<"ca" | "cert" | "key", Buffer | undefined>> & { readonly servername: string };

export interface EndpointSecrets {
  readonly tls?: TlsFiles | undefined;
  /** Default: neither keys nor an agent. */
  readonly identity?: SshIdentity;
}

/**
 * Reads `unix:///path`, `tcp://host:port`, `http://…`, `https://…` and `ssh://[user@]host[:port][/path]`. `source`
 * names where the text comes from, for the error. Throws `invalid-argument`.
 */
export function parseEndpoint(text: string, source: string, secrets: EndpointSecrets = {}): Endpoint {
  if (hasControlCharacter(text)) {
    throw new RuncibleError("invalid-argument", `read ${source}: the address of a daemon has a control character`);
  }
  if (text.startsWith("unix://")) return { kind: "unix", path: text.slice("unix://".length) };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["tcp:", "http:", "https:", "ssh:"].includes(url.protocol) || url.hostname === "") {
    throw new RuncibleError(
      "invalid-argument",
      `read ${source}: "${withoutPassword(text)}" is no address of a daemon; use unix:///path, tcp://host:port or ssh://user@host`,
    );
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  if (url.protocol === "ssh:") return sshEndpoint(url, host, source, secrets.identity ?? { homeFolder: undefined });
  const tls = secrets.tls ?? (url.protocol === "https:" ? publicTrust : undefined);
  const port = Number(url.port || (tls ? 2376 : 2375));
  return { kind: "tcp", host, port, ...(tls === undefined ? {} : { tls }) };
}

function sshEndpoint(url: URL, host: string, source: string, identity: SshIdentity): SshEndpoint {
  const refuse = (reason: string): never => {
    throw new RuncibleError("invalid-argument", `read ${source}: the address of a daemon over SSH ${reason}`);
  };
  if (url.password !== "") refuse("has a password; leave it out, and log in with an SSH agent or a key");
  if (url.search !== "" || url.hash !== "") refuse("ends with the path of a socket: ssh://user@host/path");
  const decode = (part: string): string => {
    let text = "";
    try {
      text = decodeURIComponent(part);
    } catch {
      refuse("has a % that is not followed by two hexadecimal digits");
    }
    return hasControlCharacter(text) ? refuse("has a control character") : text;
  };
  const user = decode(url.username);
  const path = decode(url.pathname);
  return {
    kind: "ssh",
    host: decode(host),
    port: Number(url.port || 22),
    ...(user === "" ? {} : { user }),
    ...(path === "" || path === "/" ? {} : { path }),
    identity,
  };
}

/** It would make several lines of an error, or something else of a terminal. */
function hasControlCharacter(text: string): boolean {
  return /\p{Cc}/u.test(text);
}

function withoutPassword(text: string): string {
  return text.replace(/\/\/.*@/, "//…@");
}

/** As a person would write it. */
export function describeEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "unix") return `unix://${endpoint.path}`;
  const { host, port } = endpoint;
  const name = host.includes(":") ? `[${host}]` : host;
  if (endpoint.kind === "tcp") return `tcp://${name}:${port}`;
  const { user, path = "" } = endpoint;
  return `ssh://${user === undefined ? "" : `${user}@`}${name}${port === 22 ? "" : `:${port}`}${path}`;
}
