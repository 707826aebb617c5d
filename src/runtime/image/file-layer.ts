import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { createGunzip } from "node:zlib";
import { type Descriptor, mediaTypes } from "./descriptor";
import type { Digest } from "./digest";
import type { ImageLease, ImageStore } from "./image-store";
import type { LayerSink } from "./layer-sink";

export interface FileLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

const chunkBytes = 1024 * 1024;

export interface FileLayerTargets {
  readonly store: ImageStore;
  readonly layers: LayerSink;
  /** Of the image that is being put together. */
  readonly lease: ImageLease;
  readonly signal: AbortSignal;
}

/** Stores a layer that lies in a file, plain or gzipped, and unpacks it. Throws as the sink and the blob store do. */
export async function addFileLayer(path: string, targets: FileLayerTargets): Promise<FileLayer> {
  const { store, layers, lease, signal } = targets;
  const compression = await compressionOfFile(path);
  const [blob, diffId] = await Promise.all([
    digestOfStream(createReadStream(path, { highWaterMark: chunkBytes })),
    compression === "none" ? undefined : digestOfStream(createReadStream(path).pipe(createGunzip())),
  ]);
  const descriptor: Descriptor = {
    mediaType: compression === "gzip" ? mediaTypes.ociLayerGzip : mediaTypes.ociLayer,
    digest: blob.digest,
    size: blob.size,
  };
  lease.protect(descriptor.digest);
  lease.protect(diffId?.digest ?? blob.digest);
  if (!(await store.blobs.has(blob.digest))) await copyIn(store, descriptor, path);
  const layer = { descriptor, diffId: diffId?.digest ?? blob.digest };
  if (!(await layers.has(layer.diffId))) {
    const source = createReadStream(path, { highWaterMark: chunkBytes });
    await layers.unpack({ diffId: layer.diffId, compression, source, describedAs: blob.digest, signal });
  }
  return layer;
}

async function copyIn(store: ImageStore, { digest, size }: Descriptor, path: string): Promise<void> {
  const ingest = await store.blobs.ingest({ digest, size });
  try {
    for await (const chunk of createReadStream(path, { start: ingest.offset, highWaterMark: chunkBytes })) {
      await ingest.write(chunk);
    }
    await ingest.commit();
  } finally {
    await ingest.abort();
  }
}

async function compressionOfFile(path: string): Promise<"gzip" | "none"> {
  const file = await open(path);
  try {
    const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
    return buffer[0] === 0x1f && buffer[1] === 0x8b ? "gzip" : "none";
  } finally {
    await file.close();
  }
}

async function digestOfStream(source: AsyncIterable<Buffer>): Promise<{ digest: Digest; size: number }> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of source) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { digest: `sha256:${hash.digest("hex")}` as Digest, size };
}
