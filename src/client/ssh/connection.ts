import { connect, type Socket } from "node:net";
import type { Client, ClientChannel } from "ssh2";
import { deferred } from "../../internal/deferred";
import { messageOf, RuncibleError } from "../../internal/errors";
import { describeEndpoint, type SshEndpoint } from "../endpoint";
import { ChannelSocket, type Hold } from "./channel-socket";
import { DialStdioSocket, dialCommand } from "./dial-stdio";
import { type HostKeys, readHostKeys } from "./host-key";
import { type Login, loginRefused, readLogin } from "./login";
import { watchPulse } from "./pulse";

/** One login on a machine, which any number of connections to its daemon go through. */
export interface SshConnection {
  /** A new connection to the daemon. Throws `engine-unreachable`. */
  open(): Promise<ChannelSocket>;
}

export interface SshConnectionOptions {
  /** Ends the login, or the connection and all that go through it. */
  readonly signal: AbortSignal;
  readonly onClose: () => void;
  /** Those that are not given are the usual ones. */
  readonly limits?: Partial<SshLimits>;
}

/** In milliseconds. */
export interface SshLimits {
  /** For an agent to list its keys, which needs nobody at a keyboard. */
  readonly agent: number;
  readonly login: number;
  readonly channel: number;
  /** Between two questions for a sign of life. */
  readonly pulse: number;
  /** For the server to take notice of a polite end. */
  readonly grace: number;
}

const defaultSocketPath = "/var/run/docker.sock";
const defaultLimits: SshLimits = { agent: 3_000, login: 20_000, channel: 20_000, pulse: 15_000, grace: 1_000 };

/**
 * Logs in. While something is opened or open that is not `unref`ed, the process stays alive. Throws
 * `ssh-host-key-unknown`, `ssh-host-key-refused`, `ssh-login-refused`, `engine-unreachable`, `aborted`.
 */
export async function openSshConnection(endpoint: SshEndpoint, options: SshConnectionOptions): Promise<SshConnection> {
  const { signal, onClose } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const [hostKeys, login] = await Promise.all([readHostKeys(endpoint), readLogin(endpoint, limits.agent)]);
  if (signal.aborted) throw closedEarly(endpoint);
  // Loaded when it is needed: hardly any test needs it.
  const { Client: SshClient } = require("ssh2") as typeof import("ssh2");
  const client = new SshClient();
  const socket = connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
  socket.setKeepAlive(true, limits.pulse);
  await logIn({ endpoint, client, socket, hostKeys, login, signal, limitMs: limits.login });
  const open = new Set<ChannelSocket>();
  let trouble: unknown;
  client.on("error", (error) => {
    trouble ??= error;
    socket.destroy();
  });
  client.once("close", () => {
    onClose();
    for (const one of open) one.destroy(hungUp(endpoint, trouble));
  });
  signal.addEventListener("abort", () => end(client, socket, limits.grace), { once: true });
  watchPulse(client, socket, limits.pulse);
  const hold = holdOf(socket);
  return {
    open: async () => {
      hold.take();
      const opened = await openSocket({ client, endpoint, hold, limitMs: limits.channel }).catch((error: unknown) => {
        hold.release();
        throw error;
      });
      open.add(opened);
      return opened.once("close", () => open.delete(opened));
    },
  };
}

interface LoginRequest {
  readonly endpoint: SshEndpoint;
  readonly client: Client;
  /** Not connected yet. Destroyed when the login fails. */
  readonly socket: Socket;
  readonly hostKeys: HostKeys;
  readonly login: Login;
  readonly signal: AbortSignal;
  readonly limitMs: number;
}

async function logIn({ endpoint, client, socket, hostKeys, login, signal, limitMs }: LoginRequest): Promise<void> {
  const done = deferred();
  /** The first reason is the one that tells: what follows comes of it. */
  const fail = (error: unknown): void => {
    done.reject(error);
    socket.destroy();
  };
  const onAbort = (): void => fail(closedEarly(endpoint));
  const onClose = (): void => fail(hungUp(endpoint, undefined));
  const onError = (error: SshError): void => {
    // An agent that does not sign: the keys are tried next.
    if (error.level === "agent") return;
    fail(isRefusal(error) ? loginRefused(endpoint, login, error) : failed(endpoint, error));
  };
  client.once("ready", done.resolve).once("close", onClose).on("error", onError);
  signal.addEventListener("abort", onAbort, { once: true });
  client.connect({
    sock: socket,
    username: login.user,
    authHandler: login.methods,
    readyTimeout: limitMs,
    algorithms: { serverHostKey: [...hostKeys.algorithms] },
    // Whether it can forward to a socket is tried: other servers than OpenSSH can, and its name may be hidden.
    strictVendor: false,
    hostVerifier: (key: Buffer) => {
      try {
        hostKeys.check(key);
        return true;
      } catch (error) {
        done.reject(error);
        return false;
      }
    },
  });
  try {
    await done.promise;
    client.off("close", onClose).off("error", onError);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

type SshError = Error & { readonly level?: string; readonly code?: unknown };

/** No key is left to try, or the server ended the login with a reason, which has a number (RFC 4253, section 11.1). */
function isRefusal({ level, code }: SshError): boolean {
  return level === "client-authentication" || typeof code === "number";
}

/** A server that hangs would leave its half open for ever. */
function end(client: Client, socket: Socket, graceMs: number): void {
  client.end();
  const timer = setTimeout(() => socket.destroy(), graceMs).unref();
  socket.once("close", () => clearTimeout(timer));
}

/** Counts who needs the process to stay, and passes it on to what Node knows of. */
function holdOf(socket: { ref(): unknown; unref(): unknown }): Hold {
  let count = 0;
  socket.unref();
  return {
    take: () => {
      count += 1;
      if (count === 1) socket.ref();
    },
    release: () => {
      count -= 1;
      if (count === 0) socket.unref();
    },
  };
}

interface SocketRequest {
  readonly client: Client;
  readonly endpoint: SshEndpoint;
  readonly hold: Hold;
  readonly limitMs: number;
}

/** The server connects to the socket itself; where it will not or cannot, a program there does. */
async function openSocket({ client, endpoint, hold, limitMs }: SocketRequest): Promise<ChannelSocket> {
  const path = endpoint.path ?? defaultSocketPath;
  const channelOf = (open: (done: OnChannel) => void): Promise<ClientChannel> =>
    openChannel(open, limitMs, () =>
      failed(endpoint, `it has not opened a connection to ${path} in ${limitMs / 1000} s`),
    );
  let refusal: Error;
  try {
    return new ChannelSocket(await channelOf((done) => client.openssh_forwardOutStreamLocal(path, done)), hold);
  } catch (error) {
    // It hangs, or is gone: no program can be run either.
    if (error instanceof RuncibleError) throw error;
    refusal = error as Error;
  }
  try {
    const channel = await channelOf((done) => client.exec(dialCommand(endpoint), done));
    return new DialStdioSocket(channel, hold, endpoint, refusal);
  } catch (cause) {
    if (cause instanceof RuncibleError) throw cause;
    throw new RuncibleError(
      "engine-unreachable",
      `connect to ${describeEndpoint(endpoint)}: the SSH server neither leads to ${path} (${refusal.message}) nor runs ` +
        `"${dialCommand(endpoint)}" (${messageOf(cause)}); see its AllowStreamLocalForwarding and MaxSessions`,
      { cause },
    );
  }
}

type OnChannel = (error: Error | undefined, channel: ClientChannel) => void;

function openChannel(
  open: (done: OnChannel) => void,
  limitMs: number,
  tooLate: () => RuncibleError,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const timer = setTimeout(() => {
      isOver = true;
      reject(tooLate());
    }, limitMs);
    open((error, channel) => {
      clearTimeout(timer);
      if (error) reject(error);
      else if (isOver) channel.destroy();
      else resolve(channel);
    });
  });
}

function failed(endpoint: SshEndpoint, cause: unknown): RuncibleError {
  // Several addresses of one host fail as one error, which has a code but no text.
  const reason = messageOf(cause) || (cause instanceof Error && "code" in cause ? String(cause.code) : "");
  return new RuncibleError(
    "engine-unreachable",
    `connect to ${describeEndpoint(endpoint)}: the SSH server: ${reason}`,
    {
      cause,
    },
  );
}

function hungUp(endpoint: SshEndpoint, cause: unknown): RuncibleError {
  const reason = cause === undefined ? "" : `: ${messageOf(cause)}`;
  return new RuncibleError(
    "engine-unreachable",
    `connect to ${describeEndpoint(endpoint)}: the SSH server hung up${reason}`,
    { cause },
  );
}

function closedEarly(endpoint: SshEndpoint): RuncibleError {
  return new RuncibleError("aborted", `connect to ${describeEndpoint(endpoint)}: closed before the login was through`);
}
