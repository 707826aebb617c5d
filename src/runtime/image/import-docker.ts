import { RuncibleError } from "../../internal/errors";
import type { ArchiveFiles } from "./archive-files";
import type { Descriptor } from "./descriptor";
import { type Digest, digestOf } from "./digest";
import { addFileLayer } from "./file-layer";
import type { ImageStore } from "./image-store";
import type { LayerSink } from "./layer-sink";
import { type LayoutManifest, layoutManifests } from "./layout-manifests";
import type { Image, ImageManifest } from "./manifest";
import { addNewImage, putLeased } from "./new-image";
import { parseImageConfig } from "./parse";
import { canonicalName, parseReference } from "./reference";

interface SavedImage {
  readonly Config: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers: readonly string[];
}

/**
 * The format of `docker save`: manifest.json names a config and layers for every image. Where the archive is an OCI
 * layout as well, an image keeps the manifest that it has there, and with it its digest.
 */
export async function importDockerArchive(
  store: ImageStore,
  files: ArchiveFiles,
  layers: LayerSink,
  signal: AbortSignal,
): Promise<readonly Image[]> {
  const images: Image[] = [];
  const manifests = await layoutManifests(files);
  for (const saved of parseManifestFile(await files.read("manifest.json"))) {
    images.push(await importOne(store, files, layers, { saved, manifests, signal }));
  }
  return images;
}

interface ImportJob {
  readonly saved: SavedImage;
  readonly manifests: readonly LayoutManifest[];
  readonly signal: AbortSignal;
}

async function importOne(
  store: ImageStore,
  files: ArchiveFiles,
  layers: LayerSink,
  { saved, manifests, signal }: ImportJob,
): Promise<Image> {
  const configBytes = await files.read(saved.Config);
  const diffIds = parseImageConfig(configBytes).rootfs.diff_ids;
  if (diffIds.length !== saved.Layers.length) {
    throw new RuncibleError(
      "image-invalid",
      "import archive: manifest.json and config name different numbers of layers",
    );
  }
  const tags = (saved.RepoTags ?? []).map((tag) => canonicalName(parseReference(tag)));
  const lease = store.lease();
  try {
    const descriptors: Descriptor[] = [];
    for (const [index, name] of saved.Layers.entries()) {
      const diffId = diffIds[index];
      const layer = { path: files.pathOf(name), ...(diffId === undefined ? {} : { diffId }) };
      descriptors.push(await addFileLayer(layer, { store, layers, lease, signal }));
    }
    const known = manifests.find(({ manifest }) => describes(manifest, digestOf(configBytes), descriptors));
    if (known === undefined) {
      return { ...(await addNewImage(store, lease, { config: configBytes, layers: descriptors, tags })), tags };
    }
    await putLeased(store, lease, configBytes);
    await putLeased(store, lease, known.bytes);
    return { ...(await store.add({ manifest: known.descriptor, tags, repoDigests: [] })), tags };
  } finally {
    lease.release();
  }
}

function describes({ config, layers }: ImageManifest, configDigest: Digest, found: readonly Descriptor[]): boolean {
  return (
    config.digest === configDigest &&
    layers.length === found.length &&
    layers.every(({ digest }, index) => digest === found[index]?.digest)
  );
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
  const { Config, RepoTags = null, Layers } = value as Partial<SavedImage>;
  return typeof Config === "string" && isTexts(Layers) && (RepoTags === null || isTexts(RepoTags));
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}
