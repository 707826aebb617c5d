import type { IncomingHttpHeaders } from "node:http";
import type { Readable } from "node:stream";
import type { JsonObject } from "../../wire/json";
import type { ApiVersion } from "../../wire/versions";
import type { Reply } from "./reply";

/** A request as handlers see it: no socket, no response. */
export interface EngineRequest {
  readonly method: string;
  readonly query: URLSearchParams;
  /** The variable parts of the path, percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  readonly headers: IncomingHttpHeaders;
  /** What the path says; the engine's own if it says nothing. */
  readonly apiVersion: ApiVersion;
  /** Whether the client asked for `Upgrade: tcp`. */
  readonly wantsUpgrade: boolean;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
  /** The body as it comes. */
  readonly body: Readable;
  /** The whole body as a JSON object; `{}` when there is none. Throws `invalid-argument`, `body-too-large`. */
  json(): Promise<JsonObject>;
  /**
   * For routes that hijack: what the client sends after the body. Ends on its half-close. Call after `json()`, and only
   * when the reply is a hijack.
   */
  input(): Readable;
}

export type Handler = (request: EngineRequest) => Reply | Promise<Reply>;

export interface Route {
  /** GET serves HEAD too unless there is a HEAD route of its own. */
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** `/containers/:id/json`; `:name*` may contain slashes (image names). */
  readonly pattern: string;
  readonly handler: Handler;
}

/** Parameter of a matched pattern; its absence is a defect of the route table. */
export function param(request: EngineRequest, name: string): string {
  return request.params[name] ?? "";
}
