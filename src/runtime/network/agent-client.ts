import type { ChildProcess, SendHandle } from "node:child_process";
import { Server } from "node:net";
import { type Deferred, deferred } from "../../internal/deferred";
import { messageOf, RuncibleError } from "../../internal/errors";
import { exitOf, spawnTool } from "../../internal/exec";
import type { Logger } from "../../internal/log";
import type { AgentRequest, DialOutcome, FromAgent, ToAgent } from "./agent-protocol";

/** The process that owns the switch's namespace and everything in it. */
export interface AgentClient {
  /** Namespace of the switch; gone with the process. */
  readonly namespacePath: string;
  readonly pid: number;
  /** Resolves when the agent has done it. A handle stays open here too: the caller closes its own. */
  request(request: AgentRequest, handle?: SendHandle): Promise<void>;
  /** A socket that listens in the switch, and is the caller's. */
  listen(at: { readonly address: string; readonly port: number }): Promise<Server>;
  /** Connects from the switch and hangs up. */
  dial(to: { readonly address: string; readonly port: number; readonly timeoutMs: number }): Promise<DialOutcome>;
  /** Ends the process and waits for it. Idempotent. */
  close(): Promise<void>;
}

export interface AgentOptions {
  /** Compiled entry file of the agent. */
  readonly agentPath: string;
  readonly forward: (query: Uint8Array, isTcp: boolean) => Promise<Uint8Array | undefined>;
  readonly logger: Logger;
  /** It was ready, and ended unasked: the switch and every network in it are gone. */
  readonly onLost: (error: RuncibleError) => void;
}

interface Answer {
  readonly handle: SendHandle | undefined;
  readonly outcome: DialOutcome | undefined;
}

/** Starts the agent in a network namespace of its own. It ends when this process does: its channel breaks. */
export async function startAgent(options: AgentOptions): Promise<AgentClient> {
  const { agentPath, logger, onLost } = options;
  const child = spawnTool("unshare", ["--net", "--", process.execPath, agentPath], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
    serialization: "advanced",
  });
  const ready = deferred();
  const waiting = new Map<number, Deferred<Answer>>();
  let isReady = false;
  let isClosing = false;

  child.stderr?.on("data", (chunk: Buffer) => logger.warn("network agent", { stderr: chunk.toString("utf8").trim() }));
  child.on("message", (message: FromAgent, handle: SendHandle | undefined) => {
    if (message.kind === "ready") ready.resolve();
    else if (message.kind === "reply") settle(waiting, message, handle);
    else void answer(child, options, message);
  });
  const ended = exitOf(child, "unshare").then(
    ({ exitCode, signal }) => agentEnded(`exit code ${exitCode}, signal ${signal}`),
    (error: unknown) => agentEnded(messageOf(error), error),
  );
  void ended.then((error) => {
    ready.reject(error);
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
    if (isReady && !isClosing) onLost(error);
  });
  await ready.promise;
  isReady = true;

  let lastId = 0;
  const ask = async (request: AgentRequest, handle?: SendHandle): Promise<Answer> => {
    if (!child.connected) throw await ended;
    const id = ++lastId;
    const done = deferred<Answer>();
    waiting.set(id, done);
    send(child, { kind: "request", id, request }, handle);
    return await done.promise;
  };
  return {
    namespacePath: `/proc/${child.pid}/ns/net`,
    pid: child.pid ?? 0,
    request: async (request, handle) => {
      await ask(request, handle);
    },
    listen: async ({ address, port }) => {
      const { handle } = await ask({ kind: "listen", address, port });
      if (handle instanceof Server) return handle;
      throw new RuncibleError("internal", `listen at ${address}:${port}: the network agent gave no socket`);
    },
    dial: async (to) => {
      const { outcome } = await ask({ kind: "dial", ...to });
      if (outcome !== undefined) return outcome;
      throw new RuncibleError("internal", `connect to ${to.address}:${to.port}: the network agent gave no outcome`);
    },
    close: async () => {
      isClosing = true;
      child.kill("SIGKILL");
      await ended;
    },
  };
}

function settle(
  waiting: Map<number, Deferred<Answer>>,
  reply: Extract<FromAgent, { kind: "reply" }>,
  handle: SendHandle | undefined,
): void {
  const done = waiting.get(reply.id);
  waiting.delete(reply.id);
  if (reply.error === undefined) done?.resolve({ handle, outcome: reply.outcome });
  else done?.reject(new RuncibleError("internal", `set up container network: ${reply.error}`));
}

async function answer(
  child: ChildProcess,
  options: AgentOptions,
  { id, query, isTcp }: Extract<FromAgent, { kind: "forward" }>,
): Promise<void> {
  const response = await options.forward(query, isTcp).catch((error: unknown) => {
    options.logger.debug("forward name question", { error });
    return undefined;
  });
  send(child, { kind: "forwarded", id, response });
}

/** A message that cannot be sent means that the agent ended, which whoever waits for it learns from its exit. */
function send(child: ChildProcess, message: ToAgent, handle?: SendHandle): void {
  if (child.connected) child.send(message, handle, {}, () => {});
}

function agentEnded(how: string, cause?: unknown): RuncibleError {
  return new RuncibleError("internal", `use container network: the network agent ended (${how})`, { cause });
}
