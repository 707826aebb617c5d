import { readFile, rename, writeFile } from "node:fs/promises";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { hasShape } from "../../internal/json-shape";
import { stateTooNew } from "../../internal/state-too-new";
import type { BlobStore } from "./blob-store";
import type { Descriptor } from "./descriptor";
import type { Digest } from "./digest";
import { diskError } from "./disk-error";
import type { Image } from "./manifest";
import { isIndex, parseDescriptor, parseImageConfig, parseManifest } from "./parse";

/** Raised when older engines must not touch the images any more. */
const format = 1;

/** What the index on disk says of an image. Everything else is in the blobs. */
export interface IndexEntry {
  readonly manifest: Descriptor;
  readonly tags: readonly string[];
  readonly repoDigests: readonly string[];
}

/**
 * All images, by id. One whose content is not all there, which only a broken disk brings about, is forgotten: a pull
 * mends it. Throws `image-invalid` when the file is no index, `state-too-new`.
 */
export async function readIndex(path: string, blobs: BlobStore): Promise<ReadonlyMap<Digest, Image>> {
  const images = await Promise.all(
    (await readEntries(path)).map((entry) =>
      readImage(blobs, entry).catch((error: unknown) => {
        if (hasCode(error, "image-invalid")) return undefined;
        throw error;
      }),
    ),
  );
  return new Map(images.flatMap((image) => (image === undefined ? [] : [[image.id, image] as const])));
}

/** The old index or the new one, whenever the machine stops. Throws `disk-full`. */
export async function writeIndex(path: string, images: ReadonlyMap<Digest, Image>): Promise<void> {
  const entries: readonly IndexEntry[] = [...images.values()].map(({ manifestDescriptor, tags, repoDigests }) => ({
    manifest: manifestDescriptor,
    tags,
    repoDigests,
  }));
  try {
    await writeFile(`${path}.new`, JSON.stringify({ format, images: entries }, undefined, 1), {
      mode: 0o600,
      flush: true,
    });
    await rename(`${path}.new`, path);
  } catch (cause) {
    throw diskError("write image index", cause);
  }
}

/** Throws `image-invalid` when the blobs are not there or not those of one image. */
export async function readImage(blobs: BlobStore, entry: IndexEntry): Promise<Image> {
  const manifest = parseManifest(await blobs.read(entry.manifest.digest));
  if (isIndex(manifest)) {
    throw new RuncibleError("image-invalid", `add image ${entry.manifest.digest}: it is an index, not one image`);
  }
  const config = parseImageConfig(await blobs.read(manifest.config.digest));
  const { tags, repoDigests } = entry;
  return { id: manifest.config.digest, manifestDescriptor: entry.manifest, manifest, config, tags, repoDigests };
}

/**
 * Nothing is touched when the file is damaged: whoever edited it can mend it, and images that were built here could not
 * be pulled again.
 */
async function readEntries(path: string): Promise<readonly IndexEntry[]> {
  try {
    const index: unknown = JSON.parse(await readFile(path, "utf8"));
    if (!hasShape(index, { images: "array" })) throw damaged("it has no list of images");
    const { format: found = format, images } = index as { readonly format?: number; readonly images: unknown[] };
    if (found > format) throw stateTooNew();
    return images.map(parseEntry);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    if (hasCode(error, "state-too-new")) throw error;
    throw new RuncibleError(
      "image-invalid",
      `read image index ${path}: ${messageOf(error)}; mend the file, or remove it to start over without images`,
      { cause: error },
    );
  }
}

function parseEntry(value: unknown): IndexEntry {
  if (!hasShape(value, { manifest: "object", tags: "array", repoDigests: "array" })) {
    throw damaged("one of its images lacks manifest, tags or repoDigests");
  }
  const { manifest, tags, repoDigests } = value as IndexEntry;
  return { manifest: parseDescriptor(manifest), tags: tags.map(String), repoDigests: repoDigests.map(String) };
}

function damaged(how: string): RuncibleError {
  return new RuncibleError("image-invalid", how);
}
