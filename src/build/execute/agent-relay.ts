import { chmod, chown, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { RuncibleError } from "../../internal/errors";

/** Who may use the socket, as a step's mount says it. */
export interface AgentRelayOptions {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * A socket at `path` that hands every connection to the ssh agent at `agent`. A step's user, who is nobody to the
 * agent, can use it, and loses it with the step. Throws `invalid-argument` when no agent answers there.
 */
export async function openAgentRelay(
  agent: string,
  path: string,
  { mode, uid, gid }: AgentRelayOptions,
): Promise<{ close(): Promise<void> }> {
  (await reach(agent)).destroy();
  const open = new Set<Socket>();
  const keep = (socket: Socket): void => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  };
  const server = createServer({ allowHalfOpen: true }, (asker) => {
    const answerer = connect({ path: agent, allowHalfOpen: true });
    for (const [from, to] of [
      [asker, answerer],
      [answerer, asker],
    ] as const) {
      keep(from);
      from.on("error", () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(path, resolve));
  const close = async (): Promise<void> => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await rm(path, { force: true });
  };
  try {
    await chmod(path, mode);
    await chown(path, uid, gid);
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function reach(agent: string): Promise<Socket> {
  return await new Promise((resolve, reject) => {
    const socket = connect(agent);
    socket.once("connect", () => resolve(socket));
    socket.once("error", (cause) => {
      const message = `ssh agent: nobody answers at its socket; is it running? (${cause.message})`;
      reject(new RuncibleError("invalid-argument", message, { cause }));
    });
  });
}
