import type { IncomingHttpHeaders } from "node:http";
import { type Duplex, Readable } from "node:stream";
import { RuncibleError } from "../../internal/errors";

/** A connection that Node's HTTP parser has let go of: the request's body, and what the client sends after it. */
export interface BareConnection {
  readonly body: Readable;
  /** Skips what is left of the body. Ends on the client's half-close, fails when the connection breaks. */
  input(): Readable;
}

const maxChunkHeaderBytes = 4096;

/**
 * On an upgrade Node does not parse the body: it is in the socket, in front of everything else. `framing` are the
 * request's headers, or `{}` when its body has been read already.
 */
export function openBareConnection(socket: Duplex, framing: IncomingHttpHeaders): BareConnection {
  const bytes = createByteSource(socket);
  const bodyBytes = framing["transfer-encoding"] === undefined ? sizedBody(bytes, framing) : chunkedBody(bytes);
  const body = Readable.from(bodyBytes, { objectMode: false });

  async function* inputBytes(): AsyncGenerator<Buffer> {
    for await (const _ of bodyBytes) {
      // Skipped.
    }
    for (let chunk = await bytes.next(); chunk !== undefined; chunk = await bytes.next()) yield chunk;
  }
  const input = (): Readable => {
    bytes.begin();
    const stream = Readable.from(inputBytes(), { objectMode: false });
    // A reader that stopped listening must not make a broken connection an uncaught exception.
    stream.on("error", () => {});
    return stream;
  };
  return { body, input };
}

interface ByteSource {
  /** From here on nothing is lost that comes before somebody asks for it: Node's server may have the socket flow. */
  begin(): void;
  /** Undefined at the end. */
  next(): Promise<Buffer | undefined>;
  unread(rest: Buffer): void;
}

function createByteSource(socket: Duplex): ByteSource {
  // Destroyed at the end of what it reads, the socket could not be written to after a half-close.
  const chunks = socket.iterator({ destroyOnReturn: false });
  let begun: ReturnType<typeof chunks.next> | undefined;
  let unread: Buffer | undefined;
  const next = async (): Promise<Buffer | undefined> => {
    const rest = unread;
    unread = undefined;
    if (rest !== undefined && rest.length > 0) return rest;
    const first = begun;
    begun = undefined;
    const { done, value } = await (first ?? chunks.next());
    return done === true ? undefined : (value as Buffer);
  };
  return {
    begin: () => {
      begun ??= chunks.next();
      // The connection may break before somebody asks, and is told to who does.
      begun.catch(() => {});
    },
    next,
    unread: (rest) => {
      unread = rest;
    },
  };
}

async function* sizedBody(bytes: ByteSource, framing: IncomingHttpHeaders): AsyncGenerator<Buffer> {
  yield* take(bytes, Number(framing["content-length"] ?? 0));
}

/** RFC 9112, section 7.1. Trailers are skipped. */
async function* chunkedBody(bytes: ByteSource): AsyncGenerator<Buffer> {
  for (;;) {
    const size = Number.parseInt(await readLine(bytes), 16);
    if (!(size >= 0)) throw malformed("a chunk has no size");
    if (size === 0) break;
    yield* take(bytes, size);
    await readLine(bytes);
  }
  while ((await readLine(bytes)) !== "") {
    // A trailer.
  }
}

async function* take(bytes: ByteSource, count: number): AsyncGenerator<Buffer> {
  for (let missing = count; missing > 0; ) {
    const chunk = await bytes.next();
    if (chunk === undefined) throw malformed("it ended early");
    bytes.unread(chunk.subarray(missing));
    const wanted = chunk.subarray(0, missing);
    missing -= wanted.length;
    yield wanted;
  }
}

async function readLine(bytes: ByteSource): Promise<string> {
  let line = Buffer.alloc(0);
  for (;;) {
    const chunk = await bytes.next();
    if (chunk === undefined) throw malformed("it ended early");
    line = Buffer.concat([line, chunk]);
    const end = line.indexOf("\r\n");
    if (end >= 0) {
      bytes.unread(line.subarray(end + 2));
      return line.toString("latin1", 0, end);
    }
    if (line.length > maxChunkHeaderBytes) throw malformed("a chunk header is too long");
  }
}

function malformed(reason: string): RuncibleError {
  return new RuncibleError("invalid-argument", `read request body: ${reason}`);
}
