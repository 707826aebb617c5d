import { type Descriptor, mediaTypes } from "./descriptor";
import { type Digest, digestOf } from "./digest";
import type { ImageLease, ImageStore } from "./image-store";
import type { Image, ImageManifest } from "./manifest";

export interface NewImage {
  readonly config: Buffer;
  /** In the store already, lowest first. */
  readonly layers: readonly Descriptor[];
  /** Canonical. */
  readonly tags: readonly string[];
}

/** Adds an image that has no manifest yet, with one made for it. */
export async function addNewImage(store: ImageStore, lease: ImageLease, image: NewImage): Promise<Image> {
  const { config, layers, tags } = image;
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: await putLeased(store, lease, config), size: config.length },
    layers,
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  const digest = await putLeased(store, lease, bytes);
  return await store.add({
    manifest: { mediaType: mediaTypes.ociManifest, digest, size: bytes.length },
    tags,
    repoDigests: [],
  });
}

/** Until an image names it, only the lease keeps it from the garbage collection. */
export async function putLeased(store: ImageStore, lease: ImageLease, bytes: Buffer): Promise<Digest> {
  lease.protect(digestOf(bytes));
  return await store.blobs.put(bytes);
}
