import type { Readable } from "node:stream";

/**
 * The first bytes of a stream, at least `count`; fewer only of a source that has no more. They are taken out of it: put
 * them back with `unshift`. Rejects as the source fails.
 */
export async function firstBytes(source: Readable, count: number): Promise<Buffer> {
  let start: Buffer = Buffer.alloc(0);
  while (start.length < count && !source.readableEnded && !source.destroyed) {
    const chunk: unknown = source.read();
    if (Buffer.isBuffer(chunk)) start = Buffer.concat([start, chunk]);
    else await readableOrOver(source);
  }
  if (source.errored) throw source.errored;
  return start;
}

function readableOrOver(source: Readable): Promise<void> {
  const events = ["readable", "end", "close", "error"] as const;
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => {
      for (const event of events) source.off(event, settle);
      if (error instanceof Error) reject(error);
      else resolve();
    };
    for (const event of events) source.on(event, settle);
  });
}
