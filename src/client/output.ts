import { Readable } from "node:stream";
import { createFrameDecoder, type Frame } from "../wire/frames";
import { answerOf } from "./broken-answer";

/**
 * Output of a container or an exec, frame by frame in the order of arrival. Of a terminal there is one raw stream,
 * which is all stdout; which of the two it is shows in the first bytes, as not every daemon says it in a header. Throws
 * `engine-unreachable` when it breaks off.
 */
export async function* readOutput(source: Readable): AsyncGenerator<Frame> {
  const decoder = createFrameDecoder();
  let isMultiplexed: boolean | undefined;
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of answerOf(source)) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (isMultiplexed === undefined && held.length < 4) continue;
    isMultiplexed ??= held.readUInt8(0) <= 2 && held.readUIntBE(1, 3) === 0;
    if (isMultiplexed) yield* decoder.push(held);
    else yield { stream: "stdout", payload: held };
    held = Buffer.alloc(0);
  }
  if (held.length > 0) yield { stream: "stdout", payload: held };
}

/** What keeps a process alive while it is referenced: a socket, for one. */
interface Handle {
  ref(): void;
  unref(): void;
}

/**
 * Both streams merged, as text. Ends quietly when the connection breaks: whoever follows a log has no other answer.
 * Reads on only as fast as it is read.
 *
 * With a `handle`, which comes unreferenced, the process stays alive as long as somebody waits for the end: `for
 * await`, `pipeline`, `finished` and their like, all of which listen for `close`. A mere `data` listener, or a pipe,
 * does not wait: it must not keep a test process from its end that leaves its containers to the session.
 */
export function outputText(source: Readable, handle?: Handle): Readable {
  const frames = readOutput(source);
  const text = new Readable({
    encoding: "utf8",
    read: () => void pushNext(),
    destroy: (error, done) => {
      source.destroy();
      done(error);
    },
  });
  const pushNext = async (): Promise<void> => {
    const next = await frames.next().catch(() => undefined);
    if (!text.destroyed) text.push(next?.done === false ? next.value.payload : null);
  };
  if (handle !== undefined) holdWhileAwaited(text, source, handle);
  return text;
}

function holdWhileAwaited(text: Readable, source: Readable, handle: Handle): void {
  text.on("newListener", (event) => {
    // Once it is over, the connection serves other requests, whose business this is.
    if (event === "close" && !source.readableEnded && !source.destroyed) handle.ref();
  });
  text.on("removeListener", (event) => {
    if (event === "close" && text.listenerCount("close") === 0 && !source.readableEnded) handle.unref();
  });
}
