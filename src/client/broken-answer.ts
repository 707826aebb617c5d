import { PassThrough, pipeline, type Readable } from "node:stream";
import { hasCode, messageOf, RuncibleError } from "../internal/errors";

/** The body of an answer. Throws `engine-unreachable` when it ends before its end. */
export async function* answerOf(source: Readable): AsyncGenerator<Buffer> {
  try {
    yield* source as AsyncIterable<Buffer>;
  } catch (error) {
    throw brokenAnswer(error);
  }
}

/** The body of an answer as a stream of its own, whose error is `engine-unreachable` when it ends before its end. */
export function typedBody(source: Readable): Readable {
  const body = new PassThrough({ destroy: (error, done) => done(error && (brokenAnswer(error) as Error)) });
  pipeline(source, body, () => {});
  return body;
}

/** What it means when an answer breaks off. Anything else is handed back as it is. */
export function brokenAnswer(cause: unknown): unknown {
  if (!hasCode(cause, "ECONNRESET") && !hasCode(cause, "EPIPE")) return cause;
  return new RuncibleError(
    "engine-unreachable",
    `read answer: the daemon hung up in the middle of it, and may have done what it was asked or not (${messageOf(cause)})`,
    { cause },
  );
}
