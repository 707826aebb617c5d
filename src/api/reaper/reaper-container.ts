import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { EngineClient } from "../../client/client";
import { messageOf, RuncibleError } from "../../internal/errors";
import { withFileLock } from "../../internal/file-lock";
import { type ReaperSettings, reaperSettings } from "../config";
import {
  baseLabels,
  LABEL_COMPOSE_PROJECT,
  LABEL_TESTCONTAINERS_RYUK,
  LABEL_TESTCONTAINERS_SESSION_ID,
} from "../labels";
import { log } from "../log";
import type { HostIp } from "../ports/bound-ports";
import type { OpenSession } from "../runtime/session";
import { randomUuid } from "../uuid";
import { waitLimited } from "../wait/until";
import { findServices, type ServiceContainer, startService } from "./service-container";

/** The daemon that is to be cleared up. */
export interface ReapedDaemon {
  readonly engine: EngineClient;
  readonly version: string;
  readonly host: string;
  readonly hostIps: readonly HostIp[];
  readonly remoteSocketPath: string;
}

const reaperPort = 8080;
const lockTimeoutMs = 120_000;
const startLimitMs = 60_000;
const connectLimitMs = 4_000;
const retryPauseMs = 1_000;

/**
 * A session on a daemon that knows none: Ryuk, in a container, holds a connection of every process, and removes what
 * carries the session's label once all of them are gone. Processes that run at once share one, and one session.
 */
export async function openReapedSession(daemon: ReapedDaemon): Promise<OpenSession> {
  const lock = join(tmpdir(), `testcontainers-node-${process.getuid?.() ?? 0}.lock`);
  const { reaper, socket, id } = await withFileLock(lock, { timeoutMs: lockTimeoutMs }, async () => {
    return (await joinReaper(daemon)) ?? (await startReaper(daemon, reaperSettings()));
  });
  const add = (label: string): void => void socket.write(lineOf(label));
  return {
    id,
    containerId: reaper.inspect.Id,
    isLost: () => false,
    addSession: (other) => add(sessionLabel(other)),
    addComposeProject: (name) => add(`${LABEL_COMPOSE_PROJECT}=${name}`),
  };
}

interface ConnectedReaper {
  readonly reaper: ServiceContainer;
  readonly socket: Socket;
  /** Of the session. */
  readonly id: string;
}

/** The one of another process; its session is joined. */
async function joinReaper(daemon: ReapedDaemon): Promise<ConnectedReaper | undefined> {
  for (const reaper of await findServices(daemon, [`${LABEL_TESTCONTAINERS_RYUK}=true`], reaperPort)) {
    const id = reaper.inspect.Config.Labels?.[LABEL_TESTCONTAINERS_SESSION_ID];
    if (id === undefined) continue;
    try {
      return { reaper, id, socket: await joinSession(id, daemon.host, reaper.hostPort) };
    } catch (error) {
      // It may be about to go: its own time has run out.
      log.warn(`Failed to connect to Reaper: ${messageOf(error)}`, { containerId: reaper.inspect.Id });
    }
  }
  return undefined;
}

async function startReaper(daemon: ReapedDaemon, settings: ReaperSettings): Promise<ConnectedReaper> {
  const id = randomUuid();
  const { image, hostPort, isPrivileged, environment } = settings;
  try {
    const reaper = await startService(daemon, {
      name: `testcontainers-ryuk-${id}`,
      image,
      port: reaperPort,
      hostPort,
      body: {
        Env: environment,
        Labels: {
          ...baseLabels(daemon.version),
          [LABEL_TESTCONTAINERS_RYUK]: "true",
          [LABEL_TESTCONTAINERS_SESSION_ID]: id,
        },
        HostConfig: {
          AutoRemove: true,
          Privileged: isPrivileged,
          Binds: [`${daemon.remoteSocketPath}:/var/run/docker.sock`],
        },
      },
    });
    await untilStarted(daemon.engine, reaper.inspect.Id);
    return { reaper, id, socket: await joinSession(id, daemon.host, reaper.hostPort) };
  } catch (cause) {
    throw new RuncibleError(
      "reaper-failed",
      `start the reaper (${image}): ${messageOf(cause)}; name another image in RYUK_CONTAINER_IMAGE, or do without it: TESTCONTAINERS_RYUK_DISABLED=true`,
      { cause },
    );
  }
}

async function untilStarted(engine: EngineClient, containerId: string): Promise<void> {
  const timedOut = (): string => `it did not log "Started" within ${startLimitMs} ms`;
  await waitLimited(startLimitMs, timedOut, async (signal) => {
    const logs = await engine.containers.logs(containerId, { follow: true, signal });
    let text = "";
    for await (const chunk of logs) {
      text += chunk;
      if (text.includes("Started")) return;
    }
    if (!signal.aborted) throw new RuncibleError("container-exited", `it ended before it had started: ${text.trim()}`);
  });
}

/**
 * The connection says that this process is there, and does not keep it. A reaper that does not acknowledge the session
 * is just removing what belongs to it: a daemon's port also takes connections that nobody behind it takes.
 */
async function joinSession(id: string, host: string, port: number): Promise<Socket> {
  const deadline = performance.now() + connectLimitMs;
  for (;;) {
    const socket = connect({ host, port });
    socket.setTimeout(connectLimitMs, () => socket.destroy(unacknowledged(`nothing came within ${connectLimitMs} ms`)));
    try {
      await once(socket, "connect");
      socket.write(lineOf(sessionLabel(id)));
      await acknowledgement(socket);
      // Later ones are not needed; unread they would fill the buffer.
      socket
        .setTimeout(0)
        .on("error", () => {})
        .resume();
      socket.unref();
      return socket;
    } catch (error) {
      socket.destroy();
      if (performance.now() + retryPauseMs > deadline) throw error;
    }
    await delay(retryPauseMs);
  }
}

async function acknowledgement(socket: Socket): Promise<void> {
  let text = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes("ACK")) return;
  }
  throw unacknowledged("it hung up");
}

function unacknowledged(how: string): RuncibleError {
  return new RuncibleError("reaper-failed", `the session was not acknowledged: ${how}`);
}

function sessionLabel(id: string): string {
  return `${LABEL_TESTCONTAINERS_SESSION_ID}=${id}`;
}

function lineOf(label: string): string {
  return `label=${label}\r\n`;
}
