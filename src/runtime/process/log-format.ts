import { createReadStream } from "node:fs";
import { hasCode } from "../../internal/errors";
import { timestampOf } from "../../internal/timestamp";

/** One line, or a piece of a long one, with its line end if it has one. */
export interface LogLine {
  readonly stream: "stdout" | "stderr";
  /** RFC 3339 with nine digits after the second. */
  readonly timestamp: string;
  /** The same in nanoseconds since 1970. */
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

export function serializeLine(stream: "stdout" | "stderr", time: bigint, data: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(headerBytes + data.length);
  record.writeUInt8(stream === "stdout" ? 1 : 2, 0);
  record.writeBigUInt64BE(time, 1);
  record.writeUInt32BE(data.length, 9);
  record.set(data, headerBytes);
  return record;
}

/** Records between two positions of a file. A file that is gone is empty; a torn record ends the reading. */
export async function* readLines(path: string, start: number, end: number | undefined): AsyncIterable<StoredLine> {
  if (end !== undefined && end <= start) return;
  let rest: Buffer = Buffer.alloc(0);
  let offset = start;
  try {
    for await (const chunk of createReadStream(path, { start, ...(end === undefined ? {} : { end: end - 1 }) })) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      while (rest.length >= headerBytes) {
        const length = headerBytes + rest.readUInt32BE(9);
        if (rest.length < length) break;
        offset += length;
        yield parseLine(rest.subarray(0, length), offset);
        rest = rest.subarray(length);
      }
    }
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

function parseLine(record: Buffer, end: number): StoredLine {
  const time = record.readBigUInt64BE(1);
  return {
    stream: record.readUInt8(0) === 1 ? "stdout" : "stderr",
    time,
    timestamp: timestampOf(time),
    data: record.subarray(headerBytes),
    end,
  };
}
