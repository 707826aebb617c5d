import { connect } from "node:net";
import type { Client, ClientChannel } from "ssh2";
import { messageOf, RuncibleError } from "../../internal/errors";
import { describeEndpoint, type SshEndpoint } from "../endpoint";
import { ChannelSocket, type Hold } from "./channel-socket";
import { DialStdioSocket, dialCommand } from "./dial-stdio";
import { readHostKeys } from "./host-key";
import { loginRefused, readLogin } from "./login";

/** One login on a machine, which any number of connections to its daemon go through. */
export interface SshConnection {
  /** A new connection to the daemon. Throws `engine-unreachable`. */
  open(): Promise<ChannelSocket>;
  /** Ends all that go through it. */
  close(): void;
}

const defaultSocketPath = "/var/run/docker.sock";
const loginLimitMs = 20_000;
const keepAliveMs = 15_000;

/**
 * Logs in. While something is opened or open that is not `unref`ed, the process stays alive. Throws
 * `ssh-host-key-unknown`, `ssh-host-key-refused`, `ssh-login-refused`, and what the network says.
 */
export async function openSshConnection(endpoint: SshEndpoint, onClose: () => void): Promise<SshConnection> {
  const [hostKeys, login] = await Promise.all([readHostKeys(endpoint), readLogin(endpoint)]);
  // Loaded when it is needed: hardly any test needs it.
  const { Client: SshClient } = require("ssh2") as typeof import("ssh2");
  const client = new SshClient();
  const socket = connect({ host: endpoint.host, port: endpoint.port, noDelay: true });
  socket.setKeepAlive(true, keepAliveMs);
  const open = new Set<ChannelSocket>();
  await new Promise<void>((resolve, reject) => {
    let refusal: unknown;
    client.once("ready", resolve);
    client.once("close", () => reject(refusal ?? hungUp(endpoint)));
    client.on("error", (error: Error & { level?: string }) => {
      // An agent that does not answer: the keys are tried next.
      if (error.level === "agent") return;
      if (error.level === "client-authentication") refusal ??= loginRefused(endpoint, login, error);
      reject(refusal ?? error);
      socket.destroy();
    });
    client.connect({
      sock: socket,
      username: login.user,
      authHandler: login.methods,
      readyTimeout: loginLimitMs,
      algorithms: { serverHostKey: [...hostKeys.algorithms] },
      // Whether it can forward to a socket is tried: other servers than OpenSSH can, and its name may be hidden.
      strictVendor: false,
      hostVerifier: (key: Buffer) => {
        try {
          hostKeys.check(key);
          return true;
        } catch (error) {
          refusal = error;
          return false;
        }
      },
    });
  });
  client.once("close", () => {
    onClose();
    for (const one of open) one.destroy(hungUp(endpoint));
  });
  const hold = holdOf(socket);
  return {
    open: async () => {
      hold.take();
      const opened = await openSocket(client, endpoint, hold).catch((error: unknown) => {
        hold.release();
        throw error;
      });
      open.add(opened);
      return opened.once("close", () => open.delete(opened));
    },
    close: () => void client.end(),
  };
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

/** The server connects to the socket itself; where it will not or cannot, a program there does. */
async function openSocket(client: Client, endpoint: SshEndpoint, hold: Hold): Promise<ChannelSocket> {
  const path = endpoint.path ?? defaultSocketPath;
  let refusal: Error;
  try {
    return new ChannelSocket(await channelOf((done) => client.openssh_forwardOutStreamLocal(path, done)), hold);
  } catch (error) {
    refusal = error as Error;
  }
  try {
    const channel = await channelOf((done) => client.exec(dialCommand(endpoint), done));
    return new DialStdioSocket(channel, hold, endpoint, refusal);
  } catch (cause) {
    throw new RuncibleError(
      "engine-unreachable",
      `connect to ${describeEndpoint(endpoint)}: the SSH server neither leads to ${path} (${refusal.message}) nor runs ` +
        `"${dialCommand(endpoint)}" (${messageOf(cause)}); see its AllowStreamLocalForwarding and MaxSessions`,
      { cause },
    );
  }
}

function channelOf(open: (done: (error: Error | undefined, channel: ClientChannel) => void) => void) {
  return new Promise<ClientChannel>((resolve, reject) => {
    open((error, channel) => (error ? reject(error) : resolve(channel)));
  });
}

function hungUp(endpoint: SshEndpoint): RuncibleError {
  return new RuncibleError("engine-unreachable", `connect to ${describeEndpoint(endpoint)}: the SSH server hung up`);
}
