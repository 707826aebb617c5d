import type { Readable } from "node:stream";
import type { ProgressLine } from "../../wire/progress";
import type { OutputChunk } from "../routes/stream-types";

export type ReplyHeaders = Readonly<Record<string, string>>;

/** What a handler returns: plain data that the server carries out. */
export type Reply =
  /** A JSON body, with Docker's newline behind it. */
  | { readonly kind: "json"; readonly status: number; readonly body: unknown }
  | { readonly kind: "text"; readonly status: number; readonly body: string; readonly headers: ReplyHeaders }
  | { readonly kind: "empty"; readonly status: number; readonly headers: ReplyHeaders }
  /** Headers at once; the JSON when it is there. A rejection becomes `{"error":…}` lines or Docker's Error field. */
  | { readonly kind: "later"; readonly body: Promise<unknown> }
  /** Headers with the first item, so that an error before it is an HTTP error; later ones are in-band. */
  | { readonly kind: "progress"; readonly lines: AsyncIterable<ProgressLine> }
  /**
   * A JSON list, which may be too long for one text. Headers with the first piece of it; an error after that cuts the
   * connection.
   */
  | { readonly kind: "list"; readonly items: AsyncIterable<unknown> }
  /** Headers at once, one JSON per line. */
  | { readonly kind: "lines"; readonly items: AsyncIterable<unknown> }
  /** Headers at once, then bytes. An error cuts the connection, so that nobody takes a piece for the whole. */
  | { readonly kind: "bytes"; readonly headers: ReplyHeaders; readonly source: Readable }
  /** Headers at once, then output in frames, or raw if `isTty`; what comes together is sent together. Not hijacked. */
  | {
      readonly kind: "output";
      readonly contentType: string | undefined;
      readonly isTty: boolean;
      readonly output: AsyncIterable<readonly OutputChunk[]>;
    }
  /** Output both ways on the bare connection: 101 if the client asked for an upgrade, else 200. */
  | {
      readonly kind: "hijack";
      readonly contentType: string;
      readonly isTty: boolean;
      readonly output: AsyncIterable<OutputChunk>;
    };

export function json(body: unknown, status = 200): Reply {
  return { kind: "json", status, body };
}

export function empty(status: number, headers: ReplyHeaders = {}): Reply {
  return { kind: "empty", status, headers };
}
