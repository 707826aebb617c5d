import { Agent, type ClientRequestArgs } from "node:http";
import type { Duplex } from "node:stream";
import type { SshEndpoint } from "../endpoint";
import { openSshConnection, type SshConnection } from "./connection";

type OnCreate = (error: Error | null, stream: Duplex) => void;

const agents = new WeakMap<SshEndpoint, SshHttpAgent>();

/** One per endpoint: what goes to the same daemon beside the client has its SSH connection. */
export function sshAgentOf(endpoint: SshEndpoint): SshHttpAgent {
  const agent = agents.get(endpoint) ?? new SshHttpAgent(endpoint);
  agents.set(endpoint, agent);
  return agent;
}

/**
 * Connections of HTTP to a daemon, all through one SSH connection: it is opened by the first, anew if it broke, and
 * closed by `destroy`.
 */
export class SshHttpAgent extends Agent {
  readonly #endpoint: SshEndpoint;
  #ssh: Promise<SshConnection> | undefined;
  #closing = new AbortController();

  constructor(endpoint: SshEndpoint) {
    super({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
    this.#endpoint = endpoint;
  }

  override createConnection(_options: ClientRequestArgs, done?: OnCreate): undefined {
    this.#connection()
      .then((ssh) => ssh.open())
      .then(
        (socket) => done?.(null, socket),
        // Without a stream: there is none.
        (error: Error) => (done as ((error: Error) => void) | undefined)?.(error),
      );
  }

  override destroy(): void {
    super.destroy();
    this.#ssh = undefined;
    this.#closing.abort();
    this.#closing = new AbortController();
  }

  #connection(): Promise<SshConnection> {
    if (this.#ssh !== undefined) return this.#ssh;
    const forget = (): void => {
      if (this.#ssh === attempt) this.#ssh = undefined;
    };
    const attempt = openSshConnection(this.#endpoint, { onClose: forget, signal: this.#closing.signal });
    attempt.catch(forget);
    this.#ssh = attempt;
    return attempt;
  }
}
