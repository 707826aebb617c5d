import { createReadStream } from "node:fs";
import { hasCode } from "../../internal/errors";

export type LogStream = "stdout" | "stderr";

/** One line, or a piece of a long one, with its line end if it has one. */
export interface LogLine {
  readonly stream: LogStream;
  /** Nanoseconds since 1970. */
  readonly time: bigint;
  readonly data: Buffer;
}

/** A line and where in its file its record ends. */
export interface StoredLine extends LogLine {
  readonly end: number;
}

/**
 * On disk a line is a header (stream, nanoseconds since 1970, length) and its bytes: cheap to write, and a torn last
 * record after a crash is recognised by its length.
 */
const headerBytes = 13;

export function serializeLine(stream: LogStream, time: bigint, data: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(headerBytes + data.length);
  record.writeUInt8(stream === "stdout" ? 1 : 2, 0);
  record.writeBigUInt64BE(time, 1);
  record.writeUInt32BE(data.length, 9);
  record.set(data, headerBytes);
  return record;
}

export function streamOf(record: Buffer): LogStream {
  return record[0] === 1 ? "stdout" : "stderr";
}

export function timeOf(record: Buffer): bigint {
  return record.readBigUInt64BE(1);
}

const chunkBytes = 256 * 1024;

/**
 * Records between two positions of a file, as many at a time as a piece of it has: one by one, handing them on would
 * cost more than reading them. A file that is gone is empty; a torn record ends the reading.
 */
export async function* readLines(
  path: string,
  start: number,
  end: number | undefined,
): AsyncIterable<readonly StoredLine[]> {
  if (end !== undefined && end <= start) return;
  let rest: Buffer = Buffer.alloc(0);
  let offset = start;
  try {
    const range = { start, ...(end === undefined ? {} : { end: end - 1 }), highWaterMark: chunkBytes };
    for await (const chunk of createReadStream(path, range)) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const lines: StoredLine[] = [];
      let used = 0;
      while (rest.length - used >= headerBytes) {
        const length = headerBytes + rest.readUInt32BE(used + 9);
        if (rest.length - used < length) break;
        lines.push(parseLine(rest.subarray(used, used + length), offset + used + length));
        used += length;
      }
      offset += used;
      rest = rest.subarray(used);
      if (lines.length > 0) yield lines;
    }
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

function parseLine(record: Buffer, end: number): StoredLine {
  return { stream: streamOf(record), time: timeOf(record), data: record.subarray(headerBytes), end };
}
