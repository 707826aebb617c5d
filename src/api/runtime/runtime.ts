import { lookup } from "node:dns/promises";
import { existsSync } from "node:fs";
import { isIP } from "node:net";
import type { EngineClient } from "../../client/client";
import { type Connection, connect, packageVersion } from "../../client/connect";
import { hostOverride } from "../config";
import type { HostIp } from "../ports/bound-ports";
import { type OpenSession, openSession } from "./session";

/** The daemon of this process, as everything in this folder's neighbours uses it. */
export interface Runtime {
  readonly engine: EngineClient;
  readonly capabilities: ReadonlySet<string>;
  readonly isOwnEngine: boolean;
  /** Of this package. */
  readonly version: string;
  /** Under which published ports are reached. */
  readonly host: string;
  readonly hostIps: readonly HostIp[];
  /** The session of this process: what carries its id goes when the process ends. */
  session(): Promise<OpenSession>;
}

let current: Promise<Runtime> | undefined;

/** One per process. After a failure, and after the engine went away, the next call connects anew. */
export function getRuntime(): Promise<Runtime> {
  if (current === undefined) {
    const attempt = createRuntime(() => forget(attempt));
    current = attempt;
    attempt.catch(() => forget(attempt));
  }
  return current;
}

function forget(runtime: Promise<Runtime>): void {
  if (current === runtime) current = undefined;
}

async function createRuntime(onLost: () => void): Promise<Runtime> {
  const [connection, version] = await Promise.all([connect(), packageVersion()]);
  const host = await hostOf(connection);
  let opened: Promise<OpenSession> | undefined;
  const session = (): Promise<OpenSession> => {
    if (opened === undefined) {
      const attempt = openSession(connection.client, version, onLost);
      opened = attempt;
      attempt.catch(() => {
        opened = undefined;
      });
    }
    return opened;
  };
  // Without one, our engine would leave when it is idle, and this process would go on with a dead connection.
  if (connection.isOwnEngine) await session();
  return {
    engine: connection.client,
    capabilities: connection.capabilities,
    isOwnEngine: connection.isOwnEngine,
    version,
    host,
    hostIps: await addressesOf(host),
    session,
  };
}

async function hostOf({ client, isOwnEngine }: Connection): Promise<string> {
  const override = hostOverride();
  if (override !== undefined) return override;
  if (client.endpoint.kind === "tcp") return client.endpoint.host;
  // Our engine shares the network of whoever reaches its socket; a mounted socket of a Docker outside does not.
  if (isOwnEngine || !existsSync("/.dockerenv")) return "localhost";
  const bridge = await client.networks.inspect("bridge").catch(() => undefined);
  return bridge?.IPAM.Config.find(({ Gateway }) => Gateway)?.Gateway ?? "localhost";
}

async function addressesOf(host: string): Promise<readonly HostIp[]> {
  const family = isIP(host);
  return family === 0 ? lookup(host, { all: true }) : [{ address: host, family }];
}
