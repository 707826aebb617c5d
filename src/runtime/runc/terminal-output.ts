import { Transform } from "node:stream";

const [lineFeed, carriageReturn] = [10, 13];

/**
 * What a terminal says, its first line ends put right. runc lets the outer terminal write `\r` before `\n` in place of
 * the container's, which it tells to stop only when the program runs already: a quick one's lines have both, as
 * `\r\r\n`. Lines are taken for such until one has one `\r`; what comes after it passes as it is.
 */
export function withoutDoubledReturns(): Transform {
  let isOver = false;
  /** `\r` at the end of what came, at most two; the second is kept back. */
  let returns = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (isOver) return done(null, chunk);
      const kept: number[] = [];
      let at = 0;
      for (; at < chunk.length && !isOver; at++) {
        const byte = chunk.readUInt8(at);
        if (byte === carriageReturn && returns < 2) {
          if (returns++ === 0) kept.push(byte);
          continue;
        }
        if (returns === 2 && byte !== lineFeed) kept.push(carriageReturn);
        if (byte === lineFeed) isOver = returns < 2;
        returns = byte === carriageReturn ? 2 : 0;
        if (returns === 0) kept.push(byte);
      }
      done(null, Buffer.concat([Buffer.from(kept), chunk.subarray(at)]));
    },
    flush(done) {
      done(null, returns === 2 ? Buffer.of(carriageReturn) : undefined);
    },
  });
}
