import type { Readable } from "node:stream";
import type { Digest } from "./digest";
import type { LayerCompression } from "./layer-compression";

/** Where the layers of an image go when it is put together here. */
export interface LayerSink {
  has(diffId: Digest): Promise<boolean>;
  unpack(request: {
    readonly diffId: Digest;
    readonly compression: LayerCompression;
    readonly source: Readable;
    readonly describedAs: string;
    readonly signal?: AbortSignal;
  }): Promise<void>;
}
