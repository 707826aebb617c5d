import { hasCode } from "../../internal/errors";
import type { ArchiveFiles } from "./archive-files";
import type { Descriptor } from "./descriptor";
import { digestOf, encodedOf } from "./digest";
import type { ImageManifest } from "./manifest";
import { isIndex, parseManifest } from "./parse";

export interface LayoutManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  readonly manifest: ImageManifest;
}

const limit = 1000;

/**
 * The manifests that index.json names, if there is one; those that are not in the archive or broken are passed over.
 */
export async function layoutManifests(files: ArchiveFiles): Promise<readonly LayoutManifest[]> {
  if (!files.has("index.json")) return [];
  const index = await orNothing(async () => parseManifest(await files.read("index.json")));
  if (index === undefined || !isIndex(index)) return [];
  const found: LayoutManifest[] = [];
  for (const { mediaType, digest, size } of index.manifests.slice(0, limit)) {
    const name = `blobs/sha256/${encodedOf(digest)}`;
    const bytes = files.has(name) ? await orNothing(() => files.read(name)) : undefined;
    if (bytes === undefined || digestOf(bytes) !== digest || bytes.length !== size) continue;
    const manifest = await orNothing(async () => parseManifest(bytes));
    if (manifest === undefined || isIndex(manifest)) continue;
    found.push({ descriptor: { mediaType, digest, size }, bytes, manifest });
  }
  return found;
}

/** manifest.json says all that is needed: what is wrong here costs the digest, not the image. */
async function orNothing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (hasCode(error, "image-invalid")) return undefined;
    throw error;
  }
}
