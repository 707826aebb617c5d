import type { request as httpRequest, IncomingMessage, RequestOptions } from "node:http";
import { messageOf } from "../../internal/errors";

/** What a service answered, as far as it has come. */
export interface HttpAnswer {
  readonly status: number;
  /** All of it, read when it is asked for: that of a stream of events has no end. */
  body(): Promise<string>;
  /** Ends the connection, also in the middle of the body. */
  close(): void;
}

const bodyLimit = 16 * 1024 * 1024;
/** Characters of a body in an error. */
const shownBody = 200;

/** Resolves with the headers. What is not there within the time, body included, fails. */
export function askForAnswer(
  send: typeof httpRequest,
  options: RequestOptions,
  timeoutMs: number,
): Promise<HttpAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const request = send({ ...options, signal }, (response) => {
      // Of a body that nobody reads any more.
      response.on("error", () => {});
      let text: Promise<string> | undefined;
      const body = (): Promise<string> => {
        text ??= textOf(response, signal);
        return text;
      };
      resolve({ status: response.statusCode ?? 0, body, close: () => response.destroy() });
    });
    request.on("error", reject);
    request.end();
  });
}

/** For errors: what came, or why nothing did. */
export async function describeAnswer(answer: HttpAnswer, timeoutMs: number): Promise<string> {
  const text = await answer.body().then(
    (body) => beginningOf(body),
    (error: unknown) =>
      isTimeout(error) ? `, and not all of its body within ${timeoutMs} ms` : `: ${messageOf(error)}`,
  );
  return `it answered ${answer.status}${text}`;
}

export function describeNoAnswer(error: unknown, timeoutMs: number): string {
  return isTimeout(error) ? `no answer came within ${timeoutMs} ms` : `the request failed: ${messageOf(error)}`;
}

/** An aborted request tells of the abort; the reason is further down. */
function isTimeout(error: unknown): boolean {
  return error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError");
}

function beginningOf(body: string): string {
  const text = body.trim();
  return text === "" ? "" : `: ${text.slice(0, shownBody)}`;
}

async function textOf(response: IncomingMessage, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    size += chunk.length;
    if (size > bodyLimit) break;
    chunks.push(chunk);
  }
  // A body without a length ends with its connection, also when it is us who end that.
  signal.throwIfAborted();
  return Buffer.concat(chunks).toString("utf8");
}
