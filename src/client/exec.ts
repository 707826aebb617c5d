import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { ExecCreateBody, ExecInspect } from "../wire/exec";
import type { Transport } from "./transport";

export interface ExecClient {
  create(container: string, body: ExecCreateBody): Promise<{ readonly Id: string }>;
  /** Output only, to be read with `readOutput`. */
  start(id: string, signal?: AbortSignal): Promise<Readable>;
  /** With standard input: what is written goes in, ending it closes the process's stdin. */
  startWithInput(id: string): Promise<Socket>;
  inspect(id: string): Promise<ExecInspect>;
  resize(id: string, size: { readonly rows: number; readonly columns: number }): Promise<void>;
}

export function createExecClient(transport: Transport): ExecClient {
  const at = (id: string, action: string): string => `/exec/${encodeURIComponent(id)}${action}`;
  return {
    create: (container, body) => transport.call("POST", `/containers/${encodeURIComponent(container)}/exec`, { body }),
    start: (id, signal) =>
      transport.open("POST", at(id, "/start"), {
        body: { Detach: false },
        ...(signal === undefined ? {} : { signal }),
      }),
    startWithInput: (id) => transport.hijack("POST", at(id, "/start"), { body: { Detach: false } }),
    inspect: (id) => transport.call("GET", at(id, "/json")),
    resize: (id, { rows, columns }) => transport.send("POST", at(id, "/resize"), { query: { h: rows, w: columns } }),
  };
}
