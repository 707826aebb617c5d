import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { isRuncibleError, messageOf } from "../../internal/errors";
import { encodeFrame } from "../../wire/frames";
import { encodeProgress, type ProgressLine, progressError } from "../../wire/progress";
import type { OutputChunk } from "../routes/stream-types";
import { explained } from "./error-reply";
import type { Reply, ReplyHeaders } from "./reply";
import { orAborted, untilAborted, write } from "./stream-write";

const jsonType: ReplyHeaders = { "content-type": "application/json" };

/** A reply that goes through HTTP; hijacks do not. */
export type PlainReply = Exclude<Reply, { readonly kind: "hijack" }>;

/**
 * Carries out a reply. Rejects when the reply cannot be completed: before the headers are sent an error answer is still
 * possible, after that only cutting the connection.
 */
export async function writeReply(response: ServerResponse, reply: PlainReply, signal: AbortSignal): Promise<void> {
  switch (reply.kind) {
    case "json":
      return finish(response, reply.status, jsonType, `${JSON.stringify(reply.body)}\n`);
    case "text":
      return finish(response, reply.status, reply.headers, reply.body);
    case "empty":
      return finish(response, reply.status, reply.headers, "");
    case "later":
      return writeLater(response, reply.body, signal);
    case "progress":
      return writeProgress(response, reply.lines, signal);
    case "list":
      return writeList(response, reply.items, signal);
    case "lines":
      return writeLines(response, reply.items, signal);
    case "bytes":
      response.writeHead(200, reply.headers);
      return pipeline(reply.source, response);
    case "output":
      return writeOutput(response, reply, signal);
    default:
      return reply satisfies never;
  }
}

/** The bytes of an output chunk on the wire: framed, unless a terminal merged the streams. */
export function encodeOutput({ stream, data }: OutputChunk, isTty: boolean): Uint8Array {
  return isTty ? data : encodeFrame(stream, data);
}

function finish(response: ServerResponse, status: number, headers: ReplyHeaders, body: string): void {
  // RFC 9110: neither 204 nor 304 announces a length.
  const length = status === 204 || status === 304 ? {} : { "content-length": Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...length });
  response.end(body);
}

function beginStream(response: ServerResponse, headers: ReplyHeaders): void {
  response.writeHead(200, headers);
  response.flushHeaders();
}

async function writeLater(response: ServerResponse, body: Promise<unknown>, signal: AbortSignal): Promise<void> {
  beginStream(response, jsonType);
  try {
    const result = await orAborted(body, signal);
    if (result !== undefined) await write(response, `${JSON.stringify(result)}\n`);
  } catch (error) {
    await write(response, `${JSON.stringify(lateError(error))}\n`);
  }
  response.end();
}

/** Errors of the first item are the caller's; later ones are a line of their own. */
async function writeProgress(
  response: ServerResponse,
  lines: AsyncIterable<ProgressLine>,
  signal: AbortSignal,
): Promise<void> {
  try {
    for await (const line of untilAborted(lines, signal)) {
      if (!response.headersSent) beginStream(response, jsonType);
      if (!(await write(response, encodeProgress(line)))) return;
    }
  } catch (error) {
    if (!response.headersSent) throw error;
    await write(response, encodeProgress(lateError(error)));
  }
  if (!response.headersSent) beginStream(response, jsonType);
  response.end();
}

/** An error that comes when the status is sent already. */
function lateError(thrown: unknown): ProgressLine {
  const error = explained(thrown);
  const { code = "internal", evidence = {} } = isRuncibleError(error) ? error : {};
  return { ...progressError(messageOf(error)), errorCode: code, errorEvidence: evidence };
}

/** So much is put together before it is sent. */
const pieceLength = 64 * 1024;

async function writeList(response: ServerResponse, items: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
  let piece = "[";
  let separator = "";
  for await (const item of untilAborted(items, signal)) {
    piece += `${separator}${JSON.stringify(item)}`;
    separator = ",";
    if (piece.length < pieceLength) continue;
    if (!response.headersSent) beginStream(response, jsonType);
    if (!(await write(response, piece))) return;
    piece = "";
  }
  // What was read until then is not all of it.
  signal.throwIfAborted();
  if (!response.headersSent) return finish(response, 200, jsonType, `${piece}]\n`);
  await write(response, `${piece}]\n`);
  response.end();
}

async function writeLines(response: ServerResponse, items: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
  beginStream(response, jsonType);
  for await (const item of untilAborted(items, signal)) {
    if (!(await write(response, `${JSON.stringify(item)}\n`))) return;
  }
  response.end();
}

async function writeOutput(
  response: ServerResponse,
  reply: PlainReply & { readonly kind: "output" },
  signal: AbortSignal,
): Promise<void> {
  beginStream(response, reply.contentType === undefined ? {} : { "content-type": reply.contentType });
  for await (const chunks of untilAborted(reply.output, signal)) {
    const pieces = chunks.map((chunk) => encodeOutput(chunk, reply.isTty));
    if (pieces.length > 0 && !(await write(response, Buffer.concat(pieces)))) return;
  }
  response.end();
}
