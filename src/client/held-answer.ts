import type { IncomingMessage } from "node:http";
import { RuncibleError } from "../internal/errors";
import { brokenAnswer } from "./broken-answer";

/** An answer that stays open: what it stands for lives as long as the connection. */
export interface HeldAnswer<T> {
  /** Its first and only line. */
  readonly first: T;
  /** Settles when the connection has ended: the engine is gone, or `close` was called. */
  readonly ended: Promise<void>;
  close(): void;
}

/** Resolves with the first line. From then on the connection does not keep the process alive. */
export async function holdAnswer<T>(connection: IncomingMessage, subject: string): Promise<HeldAnswer<T>> {
  const ended = new Promise<void>((resolve) => connection.once("close", resolve));
  connection.on("error", () => {});
  const first = JSON.parse(await firstLine(connection, subject)) as T;
  // Only now: until the first line is here, nothing else may keep the process from ending.
  connection.socket.unref();
  return { first, ended, close: () => connection.destroy() };
}

function firstLine(connection: IncomingMessage, subject: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    connection.setEncoding("utf8");
    connection.on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text);
    });
    connection.once("error", (error) => reject(brokenAnswer(error)));
    connection.once("close", () => reject(new RuncibleError("engine-unreachable", `${subject}: the engine hung up`)));
  });
}
