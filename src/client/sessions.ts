import type { IncomingMessage } from "node:http";
import { RuncibleError } from "../internal/errors";
import type { SessionBody, SessionOpened } from "../wire/session";
import { brokenAnswer } from "./broken-answer";
import { isUnknownRoute } from "./system";
import type { Transport } from "./transport";

/** What carries the session's label goes when the connection ends, for whatever reason. */
export interface Session {
  readonly id: string;
  /** Settles when the connection has ended: the engine is gone, or `close` was called. */
  readonly ended: Promise<void>;
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
  const ended = new Promise<void>((resolve) => connection.once("close", resolve));
  connection.on("error", () => {});
  const { Id } = JSON.parse(await firstLine(connection)) as SessionOpened;
  // Only now: until the first line is here, nothing else may keep the process from ending.
  connection.socket.unref();
  return { id: Id, ended, close: () => connection.destroy() };
}

function firstLine(connection: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    connection.setEncoding("utf8");
    connection.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text);
    });
    connection.once("error", (error) => reject(brokenAnswer(error)));
    connection.once("close", () => reject(new RuncibleError("engine-unreachable", "open session: the engine hung up")));
  });
}
