import { RuncibleError } from "../internal/errors";

/** Docker's multiplexed stream: `[type,0,0,0,length as 32 bits]` and the payload. */
export type FrameStream = "stdin" | "stdout" | "stderr";

export interface Frame {
  readonly stream: FrameStream;
  readonly payload: Buffer;
}

const streams: readonly FrameStream[] = ["stdin", "stdout", "stderr"];
const headerBytes = 8;

export const rawStreamType = "application/vnd.docker.raw-stream";
export const multiplexedStreamType = "application/vnd.docker.multiplexed-stream";

/** The header alone: payloads are written as they are, without a copy. */
export function frameHeader(stream: FrameStream, length: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt8(streams.indexOf(stream), 0);
  header.writeUInt32BE(length, 4);
  return header;
}

export function encodeFrame(stream: FrameStream, payload: Uint8Array): Buffer {
  return Buffer.concat([frameHeader(stream, payload.length), payload]);
}

export interface FrameDecoder {
  /** Whole frames, and pieces of a long one as they come: no frame is held back for its end. Throws `api-error`. */
  push(chunk: Buffer): Frame[];
  /** Throws `api-error` when the stream ended inside a frame. */
  end(): void;
}

/** Holds at most one header, whatever length a frame claims to have. */
export function createFrameDecoder(): FrameDecoder {
  let header = Buffer.alloc(0);
  let stream: FrameStream = "stdout";
  let missing = 0;

  const push = (chunk: Buffer): Frame[] => {
    const frames: Frame[] = [];
    let rest = chunk;
    while (rest.length > 0) {
      if (missing === 0) {
        const wanted = headerBytes - header.length;
        header = Buffer.concat([header, rest.subarray(0, wanted)]);
        rest = rest.subarray(wanted);
        if (header.length < headerBytes) break;
        stream = streamOf(header);
        missing = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const payload = rest.subarray(0, missing);
      frames.push({ stream, payload });
      missing -= payload.length;
      rest = rest.subarray(payload.length);
    }
    return frames;
  };

  const end = (): void => {
    if (missing > 0 || header.length > 0) {
      throw new RuncibleError("api-error", "read output stream: it ended inside a frame");
    }
  };
  return { push, end };
}

function streamOf(header: Buffer): FrameStream {
  const stream = streams[header.readUInt8(0)];
  if (stream === undefined || header.readUIntBE(1, 3) !== 0) {
    throw new RuncibleError("api-error", "read output stream: no frame header where one must be");
  }
  return stream;
}
