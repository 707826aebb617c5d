import { PassThrough, type Readable } from "node:stream";
import { createFrameDecoder, type Frame } from "../wire/frames";

/**
 * Output of a container or an exec, frame by frame in the order of arrival. Of a terminal there is one raw stream, which
 * is all stdout; which of the two it is shows in the first bytes, as not every daemon says it in a header.
 */
export async function* readOutput(source: Readable): AsyncGenerator<Frame> {
  const decoder = createFrameDecoder();
  let isMultiplexed: boolean | undefined;
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of source as AsyncIterable<Buffer>) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    if (isMultiplexed === undefined && held.length < 4) continue;
    isMultiplexed ??= held.readUInt8(0) <= 2 && held.readUIntBE(1, 3) === 0;
    if (isMultiplexed) yield* decoder.push(held);
    else yield { stream: "stdout", payload: held };
    held = Buffer.alloc(0);
  }
  if (held.length > 0) yield { stream: "stdout", payload: held };
}

/** Both streams merged, as text. Ends quietly when the connection breaks: whoever follows a log has no other answer. */
export function outputText(source: Readable): Readable {
  const text = new PassThrough({ encoding: "utf8" });
  text.on("close", () => source.destroy());
  void copy(source, text);
  return text;
}

async function copy(source: Readable, text: PassThrough): Promise<void> {
  try {
    for await (const { payload } of readOutput(source)) {
      if (text.destroyed) return;
      if (!text.write(payload)) await new Promise((resume) => text.once("drain", resume).once("close", resume));
    }
  } catch {
    // See above.
  } finally {
    text.end();
  }
}
