import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { RuncibleError } from "../../internal/errors";
import { type Descriptor, mediaTypes } from "./descriptor";
import { type Digest, parseDigest } from "./digest";
import { diskError } from "./disk-error";
import type { ImageLease, ImageStore } from "./image-store";
import type { Image } from "./manifest";
import { addNewImage } from "./new-image";

const plainTypes: readonly string[] = [mediaTypes.ociLayer, mediaTypes.dockerLayer];

/** The default takes twice the time of program text, and makes it a tenth smaller. */
const gzipLevel = 1;

/**
 * The image with its plain layers gzipped, for the way to a registry: builds and archives bring plain ones. The same
 * image gets the same bytes. One that a registry knows keeps its manifest, and with it its digest. Throws `disk-full`,
 * `aborted`.
 */
export async function compressLayers(
  store: ImageStore,
  image: Image,
  lease: ImageLease,
  signal: AbortSignal,
): Promise<Image> {
  const { manifest, repoDigests, id } = image;
  const isKnown = repoDigests.length > 0;
  if (isKnown || !manifest.layers.some(({ mediaType }) => plainTypes.includes(mediaType))) return image;
  const layers: Descriptor[] = [];
  for (const layer of manifest.layers) {
    layers.push(plainTypes.includes(layer.mediaType) ? await compress(store, layer.digest, lease, signal) : layer);
  }
  const config = await store.blobs.read(id);
  // The tags stay where they are.
  return await addNewImage(store, lease, { config, layers, tags: [] });
}

async function compress(store: ImageStore, plain: Digest, lease: ImageLease, signal: AbortSignal): Promise<Descriptor> {
  const scratch = await store.scratch();
  try {
    const file = join(scratch.path, "layer.tar.gz");
    const hash = createHash("sha256");
    await pipeline(
      createReadStream(store.blobs.pathOf(plain), { highWaterMark: 1024 * 1024 }),
      createGzip({ level: gzipLevel }),
      async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(file, { mode: 0o600 }),
      { signal },
    );
    const digest = parseDigest(`sha256:${hash.digest("hex")}`);
    lease.protect(digest);
    await store.blobs.adopt(file, digest);
    return { mediaType: mediaTypes.ociLayerGzip, digest, size: (await stat(file)).size };
  } catch (error) {
    if (signal.aborted) throw new RuncibleError("aborted", `compress layer ${plain}: cancelled`, { cause: error });
    throw diskError(`compress layer ${plain}`, error);
  } finally {
    await scratch.remove();
  }
}
