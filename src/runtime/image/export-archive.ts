import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Pack } from "tar-stream";
import { RuncibleError } from "../../internal/errors";
import { type Descriptor, mediaTypes } from "./descriptor";
import { type Digest, encodedOf } from "./digest";
import type { ImageLease, ImageStore } from "./image-store";
import type { Image } from "./manifest";
import { familiarName, parseReference } from "./reference";
import { tarStream } from "./tar-stream";

export interface ExportedImage {
  readonly image: Image;
  /** Canonical: the names it gets in the archive. */
  readonly tags: readonly string[];
}

/**
 * An archive that is both an OCI layout and what `docker save` writes. Blobs and manifests go as the store has them, so
 * that an image keeps its digest on the way; the same images give the same bytes. The reader may destroy the stream at
 * any time.
 */
export async function exportArchive(
  store: ImageStore,
  images: readonly ExportedImage[],
  signal: AbortSignal,
): Promise<Readable> {
  const lease = store.lease();
  const blobs = [...new Set(images.flatMap(({ image }) => blobsOf(image)))].sort();
  try {
    await checkComplete(store, blobs, lease);
  } catch (error) {
    lease.release();
    throw error;
  }
  const tar = tarStream().pack();
  // tar-stream's streams are not Node's own; errors and an early end have to cross over.
  const through = new PassThrough();
  const sent = pipeline(tar, through, { signal });
  Promise.all([sent, writeEntries(tar, store, { images, blobs })])
    .catch((error: unknown) => {
      tar.destroy();
      through.destroy(error instanceof Error ? error : undefined);
    })
    .finally(() => lease.release());
  return through;
}

/** Before the first byte: later there is no way to say so. */
async function checkComplete(store: ImageStore, blobs: readonly Digest[], lease: ImageLease): Promise<void> {
  for (const digest of blobs) {
    lease.protect(digest);
    if (await store.blobs.has(digest)) continue;
    throw new RuncibleError("image-invalid", `save image: the store lacks its blob ${digest}; pull or load it again`);
  }
}

async function writeEntries(
  tar: Pack,
  store: ImageStore,
  { images, blobs }: { readonly images: readonly ExportedImage[]; readonly blobs: readonly Digest[] },
): Promise<void> {
  for (const name of ["blobs/", "blobs/sha256/"]) {
    tar.entry({ name, type: "directory", mode: 0o755, mtime: epoch });
  }
  for (const digest of blobs) {
    const path = store.blobs.pathOf(digest);
    const { size } = await stat(path);
    const entry = tar.entry({ name: blobName(digest), size, mode: 0o644, mtime: epoch });
    await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), entry);
  }
  const files = {
    "index.json": indexOf(images),
    "manifest.json": images.map(dockerManifestOf),
    "oci-layout": { imageLayoutVersion: "1.0.0" },
  };
  for (const [name, content] of Object.entries(files)) {
    tar.entry({ name, mode: 0o644, mtime: epoch }, JSON.stringify(content));
  }
  tar.finalize();
}

const epoch = new Date(0);

function blobsOf({ id, manifestDescriptor, manifest }: Image): readonly Digest[] {
  return [id, manifestDescriptor.digest, ...manifest.layers.map(({ digest }) => digest)];
}

function blobName(digest: Digest): string {
  return `blobs/sha256/${encodedOf(digest)}`;
}

/** One entry for each name, as Docker has it. */
function indexOf(images: readonly ExportedImage[]): object {
  const manifests = images.flatMap(({ image, tags }) =>
    tags.length === 0 ? [descriptorOf(image)] : tags.map((tag) => ({ ...descriptorOf(image), ...annotated(tag) })),
  );
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
}

function descriptorOf({ manifest, manifestDescriptor }: Image): Descriptor {
  const { digest, size, mediaType } = manifestDescriptor;
  return { mediaType: manifest.mediaType ?? mediaType, digest, size };
}

function annotated(tag: string): Pick<Descriptor, "annotations"> {
  return {
    annotations: {
      "io.containerd.image.name": tag,
      "org.opencontainers.image.ref.name": parseReference(tag).tag ?? "latest",
    },
  };
}

function dockerManifestOf({ image, tags }: ExportedImage): object {
  return {
    Config: blobName(image.id),
    RepoTags: tags.length === 0 ? null : tags.map((tag) => familiarName(parseReference(tag))),
    Layers: image.manifest.layers.map(({ digest }) => blobName(digest)),
  };
}
