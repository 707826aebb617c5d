import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isRuncibleError, messageOf, RuncibleError } from "../internal/errors";
import { homeFolder } from "../internal/home-folder";
import { ownNetworkId } from "../internal/network-id";
import { socketPathOf, stateFolderOf } from "../internal/state-folder";
import type { RuncibleInfo } from "../wire/session";
import { createClient, type EngineClient } from "./client";
import { describeEndpoint, type Endpoint, parseEndpoint, type SshIdentity, type TlsFiles } from "./endpoint";
import { engineEnvironment } from "./engine-environment";
import { engineFailure } from "./engine-failure";
import { ensureEngine } from "./launch";
import { parseProperties } from "./properties-file";
import { readTlsFiles } from "./tls-files";
import { tlsTroubleBehind } from "./tls-trouble";

export interface Connection {
  readonly client: EngineClient;
  /** What an engine of this package can do beyond Docker's API; empty for another daemon. */
  readonly capabilities: ReadonlySet<string>;
  readonly isOwnEngine: boolean;
  /** Whether its machine is that of this process, as far as can be told: the daemon's loopback is ours. */
  readonly isOfThisMachine: boolean;
  /** Whether `tc.host` names it, which is there for a program that knows all of its daemon: nothing overrides that. */
  readonly isByTestcontainersHost: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

const packageRoot = join(__dirname, "../..");

/**
 * The daemon to use: RUNCIBLE_HOST, tc.host, DOCKER_HOST or docker.host (the last two also with TLS), else the engine
 * of this user, started if it does not run. A daemon that was named but does not answer is an error, never passed over.
 */
export async function connect(env: Env = process.env): Promise<Connection> {
  const named = await namedEndpoint(env);
  return named === undefined ? connectOwnEngine(env) : connectNamed(named);
}

interface NamedEndpoint {
  readonly endpoint: Endpoint;
  readonly source: string;
}

const testcontainersHostSource = "tc.host in .testcontainers.properties";

/** What environment and `.testcontainers.properties` name; undefined: nothing. Throws `invalid-argument`. */
export async function namedEndpoint(env: Env): Promise<NamedEndpoint | undefined> {
  const named = (text: string, source: string, tls?: TlsFiles): NamedEndpoint => ({
    endpoint: parseEndpoint(text, source, { tls, identity: identityOf(env) }),
    source,
  });
  const secured = async (text: string, source: string): Promise<NamedEndpoint> => {
    const plain = named(text, source);
    const tls = plain.endpoint.kind === "tcp" ? await tlsFilesOf(env, properties) : undefined;
    return tls === undefined ? plain : named(text, source, tls);
  };
  if (env["RUNCIBLE_HOST"]) return named(env["RUNCIBLE_HOST"], "RUNCIBLE_HOST");
  const properties = await readProperties(env);
  const testcontainersHost = properties.get("tc.host");
  if (testcontainersHost) return named(testcontainersHost, testcontainersHostSource);
  if (env["DOCKER_HOST"]) return secured(env["DOCKER_HOST"], "DOCKER_HOST");
  const dockerHost = properties.get("docker.host");
  return dockerHost ? secured(dockerHost, "docker.host in .testcontainers.properties") : undefined;
}

function identityOf(env: Env): SshIdentity {
  const agentSocket = env["SSH_AUTH_SOCK"];
  return { homeFolder: homeFolder(env), ...(agentSocket ? { agentSocket } : {}) };
}

async function readProperties(env: Env): Promise<ReadonlyMap<string, string>> {
  const home = homeFolder(env);
  if (home === undefined) return new Map();
  const text = await readFile(join(home, ".testcontainers.properties"), "utf8").catch(() => "");
  return parseProperties(text);
}

/** Undefined: no TLS is asked for. Each variable wins over its line of the file. */
async function tlsFilesOf(env: Env, properties: ReadonlyMap<string, string>): Promise<TlsFiles | undefined> {
  if ((env["DOCKER_TLS_VERIFY"] || properties.get("docker.tls.verify")) !== "1") return undefined;
  if (env["DOCKER_CERT_PATH"]) return readTlsFiles(env["DOCKER_CERT_PATH"], "DOCKER_CERT_PATH");
  const folder = properties.get("docker.cert.path");
  return folder ? readTlsFiles(folder, "docker.cert.path in .testcontainers.properties") : undefined;
}

async function connectNamed({ endpoint, source }: NamedEndpoint): Promise<Connection> {
  const client = createClient(endpoint);
  try {
    const connection = connectionOf(client, await client.system.runcibleInfo());
    return { ...connection, isByTestcontainersHost: source === testcontainersHostSource };
  } catch (cause) {
    client.close();
    throw notConnected({ endpoint, source }, (await tlsTroubleBehind(endpoint, cause)) ?? cause);
  }
}

/** What a daemon answered, or why nobody is let in over SSH, says better what is to be done. */
function notConnected({ endpoint, source }: NamedEndpoint, cause: unknown): unknown {
  if (isRuncibleError(cause) && cause.code === "permission-denied" && endpoint.kind === "unix") {
    return new RuncibleError(cause.code, `${cause.message}; or unset ${source} to use the own engine`, { cause });
  }
  if (isRuncibleError(cause) && cause.code !== "engine-unreachable") return cause;
  const start = `connect to ${describeEndpoint(endpoint)}: `;
  const reason = innermostReason(cause);
  const message = reason.startsWith(start)
    ? `${reason}; or unset ${source} to use the own engine`
    : `${start}no daemon answers (${reason}); start it, or unset ${source} to use the own engine`;
  return new RuncibleError("engine-unreachable", message, { cause });
}

/** Without the words around it of those who only passed it on. */
function innermostReason(error: unknown): string {
  const message = messageOf(error);
  const inner = error instanceof Error && error.cause !== undefined ? innermostReason(error.cause) : "";
  return inner !== "" && message.endsWith(`(${inner})`) ? inner : message;
}

/** The engine of this user, started if it does not run; what the environment names is passed over. */
export async function connectOwnEngine(env: Env): Promise<Connection> {
  const uid = process.getuid?.() ?? -1;
  const stateFolder = stateFolderOf(env, uid);
  const socketPath = socketPathOf(stateFolder, uid);
  const client = createClient({ kind: "unix", path: socketPath });
  const info = await ensureEngine({
    client,
    stateFolder,
    socketPath,
    uid,
    version: await packageVersion(),
    program: join(packageRoot, "build", "engine", "main.js"),
    env: engineEnvironment(env, { stateFolder, socketPath }),
  }).catch((error: unknown) => {
    throw engineFailure(error);
  });
  return connectionOf(client, info);
}

function connectionOf(client: EngineClient, info: RuncibleInfo | undefined): Connection {
  const { NetworkId } = info ?? {};
  return {
    client,
    capabilities: new Set(info?.Capabilities),
    isOwnEngine: info !== undefined,
    isOfThisMachine: client.endpoint.kind === "unix" || (NetworkId !== undefined && NetworkId === ownNetworkId()),
    isByTestcontainersHost: false,
  };
}

export async function packageVersion(): Promise<string> {
  const json = JSON.parse(await readFile(join(packageRoot, "package.json"), "utf8")) as { readonly version: string };
  return json.version;
}
