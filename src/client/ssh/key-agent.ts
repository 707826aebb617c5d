import { connect } from "node:net";
import type { AgentProtocol, BaseAgent, IdentityCallback, ParsedKey, SignCallback, SigningRequestOptions } from "ssh2";
import { RuncibleError } from "../../internal/errors";

/** A signature may need a touch or a click of somebody. */
const signLimitMs = 10_000;

/** The public keys of an agent. Rejects when nobody is there, or does not answer in time. */
export function listAgentKeys(socketPath: string, limitMs: number): Promise<readonly ParsedKey[]> {
  return ask(socketPath, limitMs, (agent, done) => agent.getIdentities((error, keys = []) => done(error, keys)));
}

/** An agent with some of its keys, in an order of ours. */
export function agentWith(socketPath: string, keys: readonly ParsedKey[]): BaseAgent<ParsedKey> {
  const ssh2 = require("ssh2") as typeof import("ssh2");
  class OrderedAgent extends ssh2.BaseAgent<ParsedKey> {
    override getIdentities(done: IdentityCallback<ParsedKey>): void {
      done(null, [...keys]);
    }

    override sign(
      key: ParsedKey,
      data: Buffer,
      optionsOrDone: SigningRequestOptions | SignCallback,
      maybeDone?: SignCallback,
    ): void {
      const done = typeof optionsOrDone === "function" ? optionsOrDone : maybeDone;
      const options = typeof optionsOrDone === "function" ? {} : optionsOrDone;
      const signed = ask<Buffer>(socketPath, signLimitMs, (agent, said) => agent.sign(key, data, options, said));
      signed.then(
        (signature) => done?.(null, signature),
        (error: Error) => done?.(error),
      );
    }
  }
  return new OrderedAgent();
}

type Said<T> = (error: Error | null | undefined, value?: T) => void;

/** One question on a connection of its own, which is given up when no answer comes. */
async function ask<T>(
  socketPath: string,
  limitMs: number,
  question: (agent: AgentProtocol, said: Said<T>) => void,
): Promise<T> {
  const { AgentProtocol: Protocol } = require("ssh2") as typeof import("ssh2");
  const socket = connect(socketPath);
  const agent = new Protocol(true);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<T>((resolve, reject) => {
      timer = setTimeout(() => reject(silent(`it has not answered for ${limitMs / 1000} s`)), limitMs);
      socket.once("error", reject).once("close", () => reject(silent("it hung up")));
      agent.once("error", reject);
      agent.pipe(socket).pipe(agent);
      question(agent, (error, value) => (error || value === undefined ? reject(error) : resolve(value)));
    });
  } finally {
    clearTimeout(timer);
    socket.on("error", () => {}).destroy();
  }
}

function silent(reason: string): RuncibleError {
  return new RuncibleError("timeout", `ask the SSH agent: ${reason}`);
}
