import type { IncomingMessage } from "node:http";
import { deferred } from "../internal/deferred";
import { RuncibleError } from "../internal/errors";
import { ignore } from "../internal/ignore";
import { brokenAnswer } from "./broken-answer";

/** An answer that stays open: what it stands for lives as long as the connection. */
export interface HeldAnswer<T> {
  /** Its first and only line. */
  readonly first: T;
  /** Whether the connection has ended: the engine is gone, or `close` was called. */
  isEnded(): boolean;
  /** Resolves when it has. */
  ended(): Promise<void>;
  close(): void;
}

/**
 * Resolves with the first line. From then on the connection does not keep the process alive, and has nobody who
 * listens: it would keep all that they know as well, and a test runner that goes from file to file could never drop the
 * last one's modules.
 */
export async function holdAnswer<T>(connection: IncomingMessage, subject: string): Promise<HeldAnswer<T>> {
  const first = JSON.parse(await firstLine(connection, subject)) as T;
  // Only now: until the first line is here, nothing else may keep the process from ending.
  connection.socket.unref();
  const isEnded = (): boolean => connection.destroyed;
  const ended = async (): Promise<void> => {
    if (!isEnded()) await new Promise((resolve) => connection.once("close", resolve));
  };
  return { first, isEnded, ended, close: () => connection.destroy() };
}

async function firstLine(connection: IncomingMessage, subject: string): Promise<string> {
  connection.setEncoding("utf8").on("error", ignore);
  const line = deferred<string>();
  let text = "";
  const listeners = {
    data: (chunk: string): void => {
      text += chunk;
      if (text.includes("\n")) line.resolve(text);
    },
    error: (error: unknown): void => line.reject(brokenAnswer(error)),
    close: (): void => line.reject(new RuncibleError("engine-unreachable", `${subject}: the engine hung up`)),
  };
  for (const [event, listener] of Object.entries(listeners)) connection.on(event, listener);
  try {
    return await line.promise;
  } finally {
    for (const [event, listener] of Object.entries(listeners)) connection.off(event, listener);
    // Without a reader it would not notice its end.
    connection.resume();
  }
}
