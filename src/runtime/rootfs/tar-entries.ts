import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Header } from "tar-stream";
import { RuncibleError } from "../../internal/errors";
import { tarStream } from "../image/tar-stream";
import type { ArchiveEntry } from "./archive-entry";

const blockBytes = 512;

/**
 * The entries of an archive, one after the other; each is read to its end before the next. The archive may end right
 * after its last entry, without padding and trailer: the docker command line sends such contexts, and Go reads them.
 * Throws `invalid-argument` where an entry or a header is cut off, and what the parser throws.
 */
export async function* tarEntries(archive: Readable, signal: AbortSignal): AsyncGenerator<ArchiveEntry> {
  const tar = tarStream().extract();
  const end = { ofArchive: 0, ofEntry: 0 };
  const reading = pipeline(archive, padded(end), tar, { signal });
  reading.catch(() => {});
  for await (const entry of tar) {
    end.ofEntry = endOf(entry.header);
    yield entry;
  }
  await reading;
  const isWhole = end.ofArchive % blockBytes === 0;
  const lacksPadding = end.ofArchive >= end.ofEntry && end.ofArchive < wholeBlocks(end.ofEntry);
  if (!isWhole && !lacksPadding) {
    throw new RuncibleError("invalid-argument", "Error processing tar file: unexpected end of data");
  }
}

/** Filled up to a whole block, as the parser wants it, and measured before that. */
function padded(end: { ofArchive: number }): Transform {
  return new Transform({
    transform: (chunk: Uint8Array, _encoding, done) => {
      end.ofArchive += chunk.length;
      done(null, chunk);
    },
    flush: (done) => done(null, Buffer.alloc(wholeBlocks(end.ofArchive) - end.ofArchive)),
  });
}

function wholeBlocks(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

/** Where in the archive the entry's data ends. The types of the parser do not know the offset. */
function endOf(header: Header & { readonly byteOffset?: number }): number {
  return (header.byteOffset ?? 0) + (header.type === "directory" ? 0 : (header.size ?? 0));
}
