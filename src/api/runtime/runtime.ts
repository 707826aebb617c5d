import { lookup } from "node:dns/promises";
import { existsSync } from "node:fs";
import { isIP } from "node:net";
import type { EngineClient } from "../../client/client";
import { type Connection, connect, packageVersion } from "../../client/connect";
import { hasCode, isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import { daemonSettings, dockerSocketOverride, hostOverride, reaperSettings } from "../config";
import type { HostIp } from "../ports/bound-ports";
import { openReapedSession } from "../reaper/reaper-container";
import { gatewayOf, ownRoutes, publishedHostOf } from "./published-host";
import { type OpenSession, openEngineSession, openUnattendedSession } from "./session";

/** The daemon of this process, as everything in this folder's neighbours uses it. */
export interface Runtime {
  readonly engine: EngineClient;
  readonly capabilities: ReadonlySet<string>;
  readonly isOwnEngine: boolean;
  /** Whether the daemon's loopback is that of this process, as far as can be told. */
  readonly isOfThisMachine: boolean;
  /** Whether this process has lost the engine: it was killed, or crashed. */
  isLost(): boolean;
  /** Of this package. */
  readonly version: string;
  /** Under which published ports are reached. */
  readonly host: string;
  readonly hostIps: readonly HostIp[];
  /** Where the daemon's socket is for containers of it. */
  readonly remoteSocketPath: string;
  /** The session of this process: what carries its id goes when the process ends. */
  session(): Promise<OpenSession>;
}

interface Attempt {
  readonly runtime: Promise<Runtime>;
  /** Whether it came to one that has lost its engine. */
  isLost(): boolean;
}

/** By what the environment said of the daemon when it was connected to. */
const attempts = new Map<string, Attempt>();

/**
 * One per process and daemon: test files that share a process may name different ones. After a failure, and after the
 * engine went away, the next call connects anew.
 */
export function getRuntime(): Promise<Runtime> {
  const daemon = daemonSettings();
  const existing = attempts.get(daemon);
  if (existing !== undefined && !existing.isLost()) return existing.runtime;
  const runtime = createRuntime();
  const attempt = { runtime, isLost: () => false };
  attempts.set(daemon, attempt);
  runtime.then(
    ({ isLost }) => Object.assign(attempt, { isLost }),
    () => forget(runtime),
  );
  return runtime;
}

/**
 * Does the first steps of something new. That an engine was killed a moment ago shows only when it does not answer:
 * they are then done again with its successor, which is safe, as nothing outlives its engine.
 */
export async function onLivingEngine<T>(firstSteps: (runtime: Runtime) => Promise<T>): Promise<T> {
  const attempt = getRuntime();
  const runtime = await attempt;
  try {
    return await firstSteps(runtime);
  } catch (error) {
    if (!runtime.isOwnEngine || !hasCode(error, "engine-unreachable")) throw error;
    forget(attempt);
    return firstSteps(await getRuntime());
  }
}

/** Whether something could not be removed because it is gone already, with the engine that it was made on. */
export function isGoneWithEngine({ isOwnEngine, isLost }: Runtime, error: unknown): boolean {
  if (!isOwnEngine) return false;
  if (hasCode(error, "engine-unreachable")) return true;
  return isLost() && isRuncibleError(error) && error.kind === "not-found";
}

function forget(lost: Promise<Runtime>): void {
  for (const [daemon, { runtime }] of attempts) {
    if (runtime === lost) attempts.delete(daemon);
  }
}

async function createRuntime(): Promise<Runtime> {
  const [connection, version] = await Promise.all([connect(), packageVersion()]);
  const host = await hostOf(connection);
  let opened: Promise<OpenSession> | undefined;
  let current: OpenSession | undefined;
  const session = (): Promise<OpenSession> => {
    if (opened === undefined) {
      const attempt = openSession(runtime);
      opened = attempt;
      attempt.then(
        (session) => {
          current = session;
        },
        () => {
          opened = undefined;
        },
      );
    }
    return opened;
  };
  const runtime: Runtime = {
    engine: connection.client,
    capabilities: connection.capabilities,
    isOwnEngine: connection.isOwnEngine,
    isOfThisMachine: connection.isOfThisMachine,
    isLost: () => current?.isLost() ?? false,
    version,
    host,
    hostIps: await addressesOf(host),
    remoteSocketPath: remoteSocketPathOf(connection),
    session,
  };
  // Without one, our engine would leave when it is idle, and this process would go on with a dead connection.
  if (connection.isOwnEngine) await session();
  return runtime;
}

async function openSession(runtime: Runtime): Promise<OpenSession> {
  const { engine } = runtime;
  const own = await openEngineSession(engine);
  if (own !== undefined) return own;
  return reaperSettings().isDisabled ? openUnattendedSession(engine) : openReapedSession(runtime);
}

function hostOf({ client, isOwnEngine, isByTestcontainersHost }: Connection): Promise<string> {
  return publishedHostOf({
    endpoint: client.endpoint,
    isOwnEngine,
    override: isByTestcontainersHost ? undefined : hostOverride(),
    isInContainer: existsSync("/.dockerenv"),
    gatewayOf: (network) => gatewayOf(client, network),
    routes: ownRoutes,
  });
}

/** Docker Desktop and daemons elsewhere have it at the usual place of their own machine. */
function remoteSocketPathOf({ client: { endpoint }, isByTestcontainersHost }: Connection): string {
  const override = isByTestcontainersHost ? undefined : dockerSocketOverride();
  if (override !== undefined) return override;
  const path = endpoint.kind === "tcp" ? undefined : endpoint.path;
  const isDesktop = endpoint.kind === "unix" && endpoint.path.includes("/.docker/");
  return path === undefined || isDesktop ? "/var/run/docker.sock" : path;
}

async function addressesOf(host: string): Promise<readonly HostIp[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  return await lookup(host, { all: true }).catch((cause: unknown) => {
    const where = host === hostOverride() ? " (TESTCONTAINERS_HOST_OVERRIDE)" : "";
    const message = `look up ${host}${where}, where published ports are to be found: ${messageOf(cause)}`;
    throw new RuncibleError("engine-unreachable", message, { cause });
  });
}
