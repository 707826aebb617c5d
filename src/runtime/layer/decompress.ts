import type { Transform } from "node:stream";
import { Transform as TransformStream } from "node:stream";
import zlib from "node:zlib";
import type { LayerCompression } from "../image/layer-compression";

export { compressionOf, type LayerCompression } from "../image/layer-compression";

const chunkBytes = 256 * 1024;

/** The stream that turns compressed bytes into plain ones; undefined when they are plain already. */
export function decompressor(compression: LayerCompression): Transform | undefined {
  switch (compression) {
    case "gzip":
      return zlib.createGunzip({ chunkSize: chunkBytes });
    case "zstd":
      return zstdDecompressor();
    case "none":
      return undefined;
  }
}

/** Node has zstd of its own from 22.15 on; the JavaScript one serves until then. */
function zstdDecompressor(): Transform {
  const native: unknown = Reflect.get(zlib, "createZstdDecompress");
  if (typeof native === "function") return native({ chunkSize: chunkBytes });
  const stream = new TransformStream({
    transform: (chunk: Buffer, _encoding, done) => attempt(done, () => decoder.push(chunk)),
    flush: (done) => attempt(done, () => decoder.push(new Uint8Array(0), true)),
  });
  // Loaded with the first layer that needs it, which most images have not.
  const { Decompress } = require("fzstd") as typeof import("fzstd");
  const decoder = new Decompress((chunk) => stream.push(Buffer.from(chunk)));
  return stream;
}

function attempt(done: (error?: Error | null) => void, step: () => void): void {
  try {
    step();
    done();
  } catch (error) {
    done(error instanceof Error ? error : null);
  }
}
