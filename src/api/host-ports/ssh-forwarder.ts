import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { AcceptConnection, Client, ClientChannel, RejectConnection, TcpConnectionDetails } from "ssh2";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { withFileLock } from "../../internal/file-lock";
import { randomId } from "../../internal/ids";
import { forwarderSettings } from "../config";
import { execIn } from "../container/exec";
import { baseLabels, LABEL_TESTCONTAINERS_SESSION_ID, LABEL_TESTCONTAINERS_SSHD } from "../labels";
import { findServices, type ServiceContainer, startService } from "../reaper/service-container";
import type { Runtime } from "../runtime/runtime";

/**
 * A way from containers of a daemon that is not ours, or elsewhere, to this machine: an SSH server among them, and a
 * tunnel from here.
 */
export interface SshForwarder {
  /** Where the exposed ports are for containers of its network. */
  readonly address: string;
  /** Network that the server is on. */
  readonly networkId: string;
  readonly networkName: string;
  expose(port: number): Promise<void>;
}

const sshPort = 22;
/** The image's entry point gives root this password; whoever joins reads it from the container. */
const passwordVariable = "PASSWORD";
const lockTimeoutMs = 120_000;
const connectLimitMs = 10_000;
const retryPauseMs = 200;

/** Starts the server, or joins that of another process of this session. Throws `forwarder-failed`, `reaper-failed`. */
export async function openSshForwarder(runtime: Runtime): Promise<SshForwarder> {
  const { image } = forwarderSettings();
  try {
    const lock = join(tmpdir(), `testcontainers-node-sshd-${process.getuid?.() ?? 0}.lock`);
    const server = await withFileLock(lock, { timeoutMs: lockTimeoutMs }, () => findOrStart(runtime));
    const tunnel = await logIn(runtime.host, server);
    tunnel.client.on("tcp connection", relay);
    return forwarderOf(runtime, server, tunnel);
  } catch (cause) {
    if (hasCode(cause, "reaper-failed")) throw cause;
    throw new RuncibleError(
      "forwarder-failed",
      `start the port forwarder (${image}): ${messageOf(cause)}; name another image with an SSH server in SSHD_CONTAINER_IMAGE`,
      { cause },
    );
  }
}

async function findOrStart(runtime: Runtime): Promise<ServiceContainer> {
  const { id } = await runtime.session();
  const session = `${LABEL_TESTCONTAINERS_SESSION_ID}=${id}`;
  const [running] = await findServices(runtime, [`${LABEL_TESTCONTAINERS_SSHD}=true`, session], sshPort);
  if (running !== undefined) return running;
  return startService(runtime, {
    name: `testcontainers-port-forwarder-${id}`,
    port: sshPort,
    ...forwarderSettings(),
    ...hostIpOf(runtime),
    body: {
      Env: [`${passwordVariable}=${randomId()}`],
      Labels: {
        ...baseLabels(runtime.version),
        [LABEL_TESTCONTAINERS_SSHD]: "true",
        [LABEL_TESTCONTAINERS_SESSION_ID]: id,
      },
    },
  });
}

/**
 * Where published ports are on this machine's loopback, no other machine need reach the server. Our engine publishes
 * there only, unless it is told otherwise.
 */
function hostIpOf({ isOfThisMachine, isOwnEngine, hostIps }: Runtime): { readonly hostIp?: string } {
  if (isOfThisMachine && hostIps.some(({ address }) => address === "127.0.0.1")) return { hostIp: "127.0.0.1" };
  if (!isOwnEngine) return {};
  return { hostIp: hostIps[0]?.family === 6 ? "::" : "0.0.0.0" };
}

/** The original's server has a password that is known to all. */
function passwordOf({ inspect }: ServiceContainer): string {
  const prefix = `${passwordVariable}=`;
  const entry = inspect.Config.Env?.find((text) => text.startsWith(prefix));
  return entry?.slice(prefix.length) ?? "root";
}

/** The server's program may not serve yet when its port is published. */
async function logIn(host: string, server: ServiceContainer): Promise<Tunnel> {
  const deadline = performance.now() + connectLimitMs;
  for (;;) {
    try {
      return await logInOnce(host, server);
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await delay(retryPauseMs);
  }
}

interface Tunnel {
  readonly client: Client;
  readonly socket: Socket;
}

async function logInOnce(host: string, server: ServiceContainer): Promise<Tunnel> {
  // Loaded when it is needed: most processes never are on another daemon.
  const { Client: SshClient } = require("ssh2") as typeof import("ssh2");
  const socket = connect({ host, port: server.hostPort });
  const client = new SshClient();
  const ready = once(client, "ready");
  client.connect({ sock: socket, username: "root", password: passwordOf(server), readyTimeout: connectLimitMs });
  try {
    await ready;
    // It must not keep a process that has nothing else to do.
    socket.unref();
    // Later errors are those of single connections, whose other end sees them.
    return { client: client.on("error", () => {}), socket };
  } catch (error) {
    client.on("error", () => {}).end();
    throw error;
  }
}

function relay(
  { destPort }: TcpConnectionDetails,
  accept: AcceptConnection<ClientChannel>,
  reject: RejectConnection,
): void {
  const target = connect({ host: "localhost", port: destPort, allowHalfOpen: true });
  target.unref();
  target.once("error", reject);
  target.once("connect", () => {
    target.off("error", reject);
    const channel = accept();
    target.on("error", () => channel.destroy()).pipe(channel);
    channel.on("error", () => target.destroy()).pipe(target);
  });
}

function forwarderOf(runtime: Runtime, { inspect }: ServiceContainer, { client, socket }: Tunnel): SshForwarder {
  const [network] = Object.entries(inspect.NetworkSettings.Networks);
  const exposed = new Set<number>();
  return {
    address: network?.[1].IPAddress ?? "",
    networkName: network?.[0] ?? "bridge",
    networkId: network?.[1].NetworkID ?? "",
    expose: async (port) => {
      if (exposed.has(port)) return;
      socket.ref();
      try {
        await forward(client, port);
      } catch (error) {
        // Another process of the session, or another copy of this package, may have exposed it already.
        if (!(await isListening(runtime, inspect.Id, port))) throw error;
      } finally {
        socket.unref();
      }
      exposed.add(port);
    },
  };
}

/** On every address of the server: containers connect from outside. */
function forward(client: Client, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.forwardIn("0.0.0.0", port, (error) => {
      if (error === undefined || error === null) return resolve();
      const message = `expose port ${port} of the host: the SSH server refuses to listen (${error.message})`;
      reject(new RuncibleError("forwarder-failed", message, { cause: error }));
    });
  });
}

async function isListening({ engine }: Runtime, containerId: string, port: number): Promise<boolean> {
  const { stdout, exitCode } = await execIn(engine, containerId, ["netstat", "-ltn"]);
  return exitCode === 0 && new RegExp(`:${port}\\s`).test(stdout);
}
