import { RuncibleError } from "../../internal/errors";
import { mediaTypes } from "./descriptor";
import { addFileLayer } from "./file-layer";
import type { ImageStore } from "./image-store";
import type { LayerSink } from "./layer-sink";
import type { Image, ImageManifest } from "./manifest";
import { parseImageConfig } from "./parse";
import { canonicalName, parseReference } from "./reference";

/** The files of an archive by their names in it. */
export interface ArchiveFiles {
  pathOf(name: string): string | undefined;
  /** Throws `image-invalid` when it lacks. */
  read(name: string): Promise<Buffer>;
}

interface SavedImage {
  readonly Config: string;
  readonly RepoTags: readonly string[] | null;
  readonly Layers: readonly string[];
}

/** The format of `docker save`: manifest.json names a config and layers for every image. */
export async function importDockerArchive(
  store: ImageStore,
  files: ArchiveFiles,
  layers: LayerSink,
  signal: AbortSignal,
): Promise<readonly Image[]> {
  const images: Image[] = [];
  for (const saved of parseManifestFile(await files.read("manifest.json"))) {
    images.push(await importOne(store, files, layers, { saved, signal }));
  }
  return images;
}

async function importOne(
  store: ImageStore,
  files: ArchiveFiles,
  layers: LayerSink,
  { saved, signal }: { readonly saved: SavedImage; readonly signal: AbortSignal },
): Promise<Image> {
  const configBytes = await files.read(saved.Config);
  const config = parseImageConfig(configBytes);
  const lease = store.lease();
  try {
    const descriptors = [];
    for (const [index, name] of saved.Layers.entries()) {
      const path = files.pathOf(name);
      if (path === undefined) throw new RuncibleError("image-invalid", `import archive: it lacks the layer ${name}`);
      const { descriptor, diffId } = await addFileLayer(path, { store, layers, lease, signal });
      if (diffId !== config.rootfs.diff_ids[index]) {
        throw new RuncibleError(
          "digest-mismatch",
          `import archive: layer ${name} is ${diffId}, its config says otherwise`,
        );
      }
      descriptors.push(descriptor);
    }
    const manifest: ImageManifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: {
        mediaType: mediaTypes.ociConfig,
        digest: await store.blobs.put(configBytes),
        size: configBytes.length,
      },
      layers: descriptors,
    };
    const bytes = Buffer.from(JSON.stringify(manifest));
    const digest = await store.blobs.put(bytes);
    return await store.add({
      manifest: { mediaType: mediaTypes.ociManifest, digest, size: bytes.length },
      tags: (saved.RepoTags ?? []).map((tag) => canonicalName(parseReference(tag))),
      repoDigests: [],
    });
  } finally {
    lease.release();
  }
}

function parseManifestFile(bytes: Buffer): readonly SavedImage[] {
  try {
    const json: unknown = JSON.parse(bytes.toString("utf8"));
    if (Array.isArray(json) && json.every(isSavedImage)) return json;
  } catch (cause) {
    throw new RuncibleError("image-invalid", "import archive: manifest.json is no JSON", { cause });
  }
  throw new RuncibleError("image-invalid", "import archive: manifest.json is no list of images");
}

function isSavedImage(value: unknown): value is SavedImage {
  if (typeof value !== "object" || value === null) return false;
  const { Config, Layers } = value as Partial<SavedImage>;
  return typeof Config === "string" && Array.isArray(Layers) && Layers.every((layer) => typeof layer === "string");
}
