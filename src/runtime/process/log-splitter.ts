/** A line, or a piece of a line that is longer than this. */
const pieceBytes = 16 * 1024;

/** Cuts one stream into lines, as Docker's json-file does. Text without a line end is kept back. */
export interface LogSplitter {
  push(chunk: Buffer): readonly Buffer[];
  /** What was kept back; empty if nothing was. */
  flush(): Buffer;
}

export function createLogSplitter(): LogSplitter {
  let kept = Buffer.alloc(0);
  const push = (chunk: Buffer): readonly Buffer[] => {
    const pieces: Buffer[] = [];
    let rest = kept.length === 0 ? chunk : Buffer.concat([kept, chunk]);
    for (let length = pieceLength(rest); length > 0; length = pieceLength(rest)) {
      pieces.push(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
    // A copy: a small rest must not hold the whole chunk in memory.
    kept = Buffer.from(rest);
    return pieces;
  };
  const flush = (): Buffer => {
    const rest = kept;
    kept = Buffer.alloc(0);
    return rest;
  };
  return { push, flush };
}

/** 0: neither a line end nor enough bytes for a piece. */
function pieceLength(bytes: Buffer): number {
  const lineEnd = bytes.indexOf(0x0a);
  if (lineEnd >= 0 && lineEnd < pieceBytes) return lineEnd + 1;
  return bytes.length >= pieceBytes ? pieceBytes : 0;
}
