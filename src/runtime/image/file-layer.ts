import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { RuncibleError } from "../../internal/errors";
import { type Descriptor, mediaTypes } from "./descriptor";
import { type Digest, parseDigest } from "./digest";
import type { ImageLease, ImageStore } from "./image-store";
import { compressionOf, type LayerCompression } from "./layer-compression";
import type { LayerSink } from "./layer-sink";

export interface FileLayer {
  /** On the store's disk; nobody writes to it any more. */
  readonly path: string;
  /** What it must unpack to. Default, for a plain archive: its own digest. */
  readonly diffId?: Digest;
  /** What the file must have, if somebody announced it. */
  readonly blobDigest?: Digest;
}

export interface LayerTargets {
  readonly store: ImageStore;
  readonly layers: LayerSink;
  /** Of the image that is being put together. */
  readonly lease: ImageLease;
  readonly signal: AbortSignal;
}

const chunkBytes = 1024 * 1024;

const layerTypes: Readonly<Record<LayerCompression, string>> = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};

/** Stores a layer that lies in a file and unpacks it. Throws `digest-mismatch`, and as the sink and the store do. */
export async function addFileLayer(layer: FileLayer, targets: LayerTargets): Promise<Descriptor> {
  const { path, blobDigest } = layer;
  const { store, layers, lease, signal } = targets;
  const { size } = await stat(path);
  const digest = await digestOfFile(path, signal);
  if (blobDigest !== undefined && digest !== blobDigest) {
    throw new RuncibleError("digest-mismatch", `add layer ${blobDigest}: its content has the digest ${digest}`);
  }
  const { diffId = digest } = layer;
  lease.protect(digest);
  lease.protect(diffId);
  await store.blobs.adopt(path, digest);
  if (!(await layers.has(diffId))) await unpackFile(layers, { path, diffId, describedAs: digest, signal });
  return { mediaType: layerTypes[await compressionOfFile(path)], digest, size };
}

/** A layer's blob, in whatever compression. Throws as the sink does. */
export async function unpackFile(
  layers: LayerSink,
  { path, ...request }: Omit<Parameters<LayerSink["unpack"]>[0], "source" | "compression"> & { readonly path: string },
): Promise<void> {
  const compression = await compressionOfFile(path);
  const source = createReadStream(path, { highWaterMark: chunkBytes });
  await layers.unpack({ ...request, compression, source });
}

async function compressionOfFile(path: string): Promise<LayerCompression> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    return compressionOf(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

async function digestOfFile(path: string, signal: AbortSignal): Promise<Digest> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: chunkBytes })) {
    if (signal.aborted) throw new RuncibleError("aborted", "add layer: cancelled", { cause: signal.reason });
    hash.update(chunk);
  }
  return parseDigest(`sha256:${hash.digest("hex")}`);
}
