import { eachAtATime } from "../internal/each-at-a-time";
import { hasCode, RuncibleError } from "../internal/errors";
import type { Logger } from "../internal/log";
import type { Digest } from "./image/digest";
import { unpackFile } from "./image/file-layer";
import type { ImageStore } from "./image/image-store";
import { familiarName, parseReference } from "./image/reference";
import type { LayerStore } from "./layer/layer-store";

export interface LayerSources {
  readonly layers: LayerStore;
  readonly images: ImageStore;
}

/** Each makes a core busy. */
const unpackedAtATime = 2;

/**
 * Where layers of images lie, from the lowest up, to be mounted. One that is not whole any more, as the machine stopped
 * too early or somebody removed its files, is unpacked again from its blob. Throws `image-incomplete`, `disk-full`.
 */
export async function layerFolders(
  sources: LayerSources & { readonly logger: Logger },
  diffIds: readonly Digest[],
): Promise<readonly string[]> {
  const { layers, logger } = sources;
  const areWhole = await Promise.all(diffIds.map((diffId) => layers.has(diffId)));
  const lost = diffIds.filter((_diffId, index) => !areWhole[index]);
  await eachAtATime(unpackedAtATime, [...new Set(lost)], new AbortController(), async (diffId) => {
    await restoreLayer(sources, diffId);
    logger.warn("layer was not whole, and is unpacked again", { layer: diffId });
  });
  return diffIds.map((diffId) => layers.pathOf(diffId));
}

/**
 * Sees to it that a layer and its blob are there, the layer unpacked from it if need be. False: the blob is not, or is
 * damaged. Throws `disk-full`.
 */
export async function provideLayer({ layers, images }: LayerSources, diffId: Digest, digest: Digest): Promise<boolean> {
  if (!(await images.blobs.has(digest))) return false;
  if (await layers.has(diffId)) return true;
  try {
    await unpackFile(layers, { path: images.blobs.pathOf(digest), diffId, describedAs: digest });
    return true;
  } catch (error) {
    if (hasCode(error, "digest-mismatch") || hasCode(error, "layer-invalid")) return false;
    throw error;
  }
}

/** Several images may have it, each with a blob of its own. */
async function restoreLayer(sources: LayerSources, diffId: Digest): Promise<void> {
  const { images } = sources;
  const lease = images.lease();
  lease.protect(diffId);
  try {
    const owners = (await images.list()).filter(({ config }) => config.rootfs.diff_ids.includes(diffId));
    for (const { manifest, config } of owners) {
      const digest = manifest.layers[config.rootfs.diff_ids.indexOf(diffId)]?.digest;
      if (digest === undefined) continue;
      lease.protect(digest);
      if (await provideLayer(sources, diffId, digest)) return;
    }
    const [owner] = owners;
    const name = owner === undefined ? "that was removed" : nameOf(owner);
    throw new RuncibleError(
      "image-incomplete",
      `mount image ${name}: the files of layer ${diffId} are gone, and its blob too or damaged; remove the image, and pull or build it again`,
    );
  } finally {
    lease.release();
  }
}

function nameOf({ id, tags }: { readonly id: Digest; readonly tags: readonly string[] }): string {
  const [tag] = tags;
  return tag === undefined ? id : familiarName(parseReference(tag));
}
