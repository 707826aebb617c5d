import { once } from "node:events";
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { hasCode } from "../internal/errors";
import { firstBytes } from "../internal/first-bytes";
import type { BlobIngest } from "./image/blob-store";
import type { Digest } from "./image/digest";
import type { ImageStore } from "./image/image-store";
import { compressionOf } from "./layer/decompress";
import type { LayerStore } from "./layer/layer-store";
import { createDownload, type DownloadJob, layerName } from "./pull-download";

export interface LayerJob extends DownloadJob {
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly diffId: Digest;
  readonly signal: AbortSignal;
}

const readAheadBytes = 1024 * 1024;
const worthless = [
  ...(["digest-mismatch", "size-mismatch", "layer-invalid", "layer-too-large"] as const),
  ...(["image-invalid", "platform-unavailable", "disk-full"] as const),
];
/** As many as the longest magic number of a compression. */
const magicBytes = 4;

/**
 * Brings one layer: what arrives is written to the blob store and unpacked at the same time, so that nothing is read
 * twice. What arrived of a blob stays for the next attempt unless it is wrong or the disk is full. Throws as
 * `Repository.blob`, `BlobIngest` and `LayerStore.unpack`.
 */
export async function pullLayer(job: LayerJob): Promise<void> {
  const { images, descriptor, onProgress } = job;
  const layer = layerName(descriptor);
  if (await images.blobs.has(descriptor.digest)) {
    onProgress({ layer, phase: "extracting", current: 0, total: descriptor.size });
    const path = images.blobs.pathOf(descriptor.digest);
    await unpackFrom(job, createReadStream(path, { highWaterMark: readAheadBytes }));
  } else {
    const ingest = await images.blobs.ingest(descriptor);
    try {
      await unpackWhileDownloading(job, ingest);
    } catch (error) {
      // Of an image that is refused for another of its layers nothing is worth keeping either.
      const isKept = !isWorthless(error) && !isWorthless(job.signal.reason);
      await (isKept ? ingest.suspend() : ingest.abort());
      // What an earlier process left may be broken; what comes straight from the registry decides.
      if (ingest.offset > 0 && hasCode(error, "digest-mismatch")) return await pullLayer(job);
      throw error;
    }
  }
  onProgress({ layer, phase: "done" });
}

async function unpackWhileDownloading(job: LayerJob, ingest: BlobIngest): Promise<void> {
  const { signal } = job;
  const download = createDownload(job, ingest);
  const stop = new AbortController();
  const source = Readable.from(download.bytes(AbortSignal.any([signal, stop.signal])), {
    objectMode: false,
    highWaterMark: readAheadBytes,
  });
  // Its generator writes to the ingest until it ends, and may be waiting for the network.
  const end = async (): Promise<void> => {
    stop.abort();
    if (source.closed) return;
    const closed = once(source, "close").catch(() => {});
    source.destroy();
    await closed;
  };
  try {
    await unpackFrom(job, source);
  } catch (error) {
    await end();
    // Either the image is broken or its bytes are: only the digest of the whole blob tells.
    if (hasCode(error, "layer-invalid")) await download.finish(signal);
    throw error;
  }
  // A compressed stream may end before its blob does, and a layer that came another way is not read at all.
  await end();
  await download.finish(signal);
}

async function unpackFrom({ layers, diffId, descriptor, signal }: LayerJob, source: Readable): Promise<void> {
  // Whoever reads learns of a failure; between two readers nobody listens.
  source.on("error", () => {});
  const start = await firstBytes(source, magicBytes);
  source.unshift(start);
  const compression = compressionOf(start);
  await layers.unpack({ diffId, compression, source, describedAs: descriptor.digest, signal });
}

/**
 * Whether what arrived of an image until this failure is of no use for another attempt: a wrong or unfit image is not
 * worth keeping, and a full disk is not the place to keep anything.
 */
export function isWorthless(error: unknown): boolean {
  return worthless.some((code) => hasCode(error, code));
}
