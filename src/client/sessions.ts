import type { IncomingMessage } from "node:http";
import type { SessionBody, SessionOpened } from "../wire/session";
import { holdAnswer } from "./held-answer";
import { isUnknownRoute } from "./system";
import type { Transport } from "./transport";

/** What carries the session's label goes when the connection ends, for whatever reason. */
export interface Session {
  readonly id: string;
  /** Whether the connection has ended: the engine is gone, or `close` was called. */
  isEnded(): boolean;
  /** Resolves when it has. */
  ended(): Promise<void>;
  close(): void;
}

export interface SessionsClient {
  /** Undefined when the daemon knows no sessions. The connection does not keep the process alive. */
  open(body: SessionBody): Promise<Session | undefined>;
}

export function createSessionsClient(transport: Transport): SessionsClient {
  return {
    open: async (body) => {
      try {
        return await sessionOn(await transport.open("POST", "/runcible/session", { body }));
      } catch (error) {
        if (isUnknownRoute(error)) return undefined;
        throw error;
      }
    },
  };
}

async function sessionOn(connection: IncomingMessage): Promise<Session> {
  const { first, isEnded, ended, close } = await holdAnswer<SessionOpened>(connection, "open session");
  return { id: first.Id, isEnded, ended, close };
}
