import type { Image } from "../../runtime/image/manifest";
import { familiarName, parseReference } from "../../runtime/image/reference";
import type { LayerStore } from "../../runtime/layer/layer-store";
import type { HistoryEntry, ImageView } from "../routes/image-service";

const epoch = "1970-01-01T00:00:00Z";

/** Without what is the same of all images. */
export async function imageViewOf(image: Image, layers: LayerStore): Promise<Omit<ImageView, "storageDriver">> {
  const { config } = image;
  const sizes = await Promise.all(config.rootfs.diff_ids.map((diffId) => layers.sizeOf(diffId)));
  return {
    id: image.id,
    tags: image.tags.map((tag) => familiarName(parseReference(tag))).sort(),
    repoDigests: image.repoDigests.map((name) => familiarName(parseReference(name))),
    createdAt: config.created ?? epoch,
    architecture: config.architecture,
    os: config.os,
    ...(config.variant === undefined ? {} : { variant: config.variant }),
    author: config.author ?? "",
    comment: config.history?.at(-1)?.comment ?? "",
    sizeBytes: sizes.reduce((sum, size) => sum + size, 0),
    layers: config.rootfs.diff_ids,
    config: config.config ?? {},
  };
}

/** Newest first. Only the newest entry is an image; the others are steps towards it. */
export async function historyOf(image: Image, layers: LayerStore): Promise<readonly HistoryEntry[]> {
  const diffIds = [...image.config.rootfs.diff_ids];
  const entries: HistoryEntry[] = [];
  for (const step of image.config.history ?? []) {
    const diffId = step.empty_layer ? undefined : diffIds.shift();
    entries.push({
      createdAt: step.created ?? epoch,
      createdBy: step.created_by ?? "",
      comment: step.comment ?? "",
      id: "<missing>",
      sizeBytes: diffId === undefined ? 0 : await layers.sizeOf(diffId),
      tags: [],
    });
  }
  const tags = image.tags.map((tag) => familiarName(parseReference(tag)));
  return entries.reverse().map((entry, index) => (index === 0 ? { ...entry, id: image.id, tags } : entry));
}
