import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { messageOf, RuncibleError } from "../../internal/errors";

const taken = new WeakSet<Readable>();

/**
 * A stream that is to be copied, for the one time that it can be read. The second time it would give nothing, and the
 * container would lack the file in silence: throws `invalid-argument`.
 */
export function takeStream(stream: Readable, target: string): Readable {
  if (taken.has(stream)) {
    throw new RuncibleError(
      "invalid-argument",
      `copy a stream to ${target}: it was read already, for another container or by a start that did not succeed; give a new stream, or a Buffer, which can be read again`,
    );
  }
  taken.add(stream);
  return stream;
}

/** All of such a stream. Throws `invalid-argument` when it was read already, or fails. */
export async function readStream(stream: Readable, target: string): Promise<Buffer> {
  const source = takeStream(stream, target);
  try {
    return await buffer(source);
  } catch (cause) {
    throw new RuncibleError("invalid-argument", `read the stream to copy to ${target}: ${messageOf(cause)}`, { cause });
  }
}
