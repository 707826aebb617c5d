import { RuncibleError } from "../../internal/errors";
import { matchesPlatform } from "../../internal/platform";
import type { ArchiveFiles } from "./archive-files";
import type { Descriptor } from "./descriptor";
import { digestOf, encodedOf } from "./digest";
import { addFileLayer } from "./file-layer";
import type { ImageStore } from "./image-store";
import type { LayerSink } from "./layer-sink";
import type { Image, ImageManifest } from "./manifest";
import { putLeased } from "./new-image";
import { isIndex, parseImageConfig, parseManifest } from "./parse";
import { choosePlatform, hostPlatform } from "./platform";
import { canonicalName, parseReference } from "./reference";

/**
 * OCI image layout: every image of index.json that runs on this machine. Throws `platform-unavailable` when none does.
 */
export async function importLayout(
  store: ImageStore,
  files: ArchiveFiles,
  layers: LayerSink,
  signal: AbortSignal,
): Promise<readonly Image[]> {
  const images: Image[] = [];
  for (const named of await runnableImages(files)) {
    images.push(await importOne(store, files, layers, { named, signal }));
  }
  return images;
}

interface NamedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
  readonly manifest: ImageManifest;
  /** Canonical. */
  readonly tags: readonly string[];
}

async function runnableImages(files: ArchiveFiles): Promise<readonly NamedManifest[]> {
  const index = parseManifest(await files.read("index.json"));
  if (!isIndex(index)) throw new RuncibleError("image-invalid", "import layout: index.json is no index");
  const host = hostPlatform();
  const found: NamedManifest[] = [];
  for (const descriptor of index.manifests) {
    if (descriptor.platform !== undefined && !matchesPlatform(descriptor.platform, host)) continue;
    const chosen = await chooseManifest(files, descriptor);
    if (chosen !== undefined) found.push({ ...chosen, tags: tagsOf(descriptor) });
  }
  if (found.length > 0) return found;
  throw new RuncibleError("platform-unavailable", "import layout: no image in it is for this machine's platform");
}

/** Follows one index: Docker's builder wraps every image in one, next to papers that are no images. */
async function chooseManifest(
  files: ArchiveFiles,
  descriptor: Descriptor,
): Promise<Omit<NamedManifest, "tags"> | undefined> {
  const bytes = await readBlob(files, descriptor);
  const manifest = parseManifest(bytes);
  if (!isIndex(manifest)) return { descriptor, bytes, manifest };
  const chosen = choosePlatform(manifest, hostPlatform());
  if (chosen === undefined) return undefined;
  const innerBytes = await readBlob(files, chosen);
  const inner = parseManifest(innerBytes);
  if (isIndex(inner)) throw new RuncibleError("image-invalid", "import layout: an index leads to another index");
  return { descriptor: chosen, bytes: innerBytes, manifest: inner };
}

async function importOne(
  store: ImageStore,
  files: ArchiveFiles,
  layers: LayerSink,
  { named, signal }: { readonly named: NamedManifest; readonly signal: AbortSignal },
): Promise<Image> {
  const { descriptor, bytes, manifest, tags } = named;
  const configBytes = await readBlob(files, manifest.config);
  const diffIds = parseImageConfig(configBytes).rootfs.diff_ids;
  if (diffIds.length !== manifest.layers.length) {
    throw new RuncibleError("image-invalid", "import layout: manifest and config name different numbers of layers");
  }
  const lease = store.lease();
  try {
    for (const [index, layer] of manifest.layers.entries()) {
      const diffId = diffIds[index];
      const file = { path: files.pathOf(blobName(layer)), blobDigest: layer.digest };
      await addFileLayer(diffId === undefined ? file : { ...file, diffId }, { store, layers, lease, signal });
    }
    await putLeased(store, lease, configBytes);
    await putLeased(store, lease, bytes);
    return { ...(await store.add({ manifest: descriptor, tags, repoDigests: [] })), tags };
  } finally {
    lease.release();
  }
}

/** Tools write the whole name into one annotation or the other, some only the tag. */
function tagsOf({ annotations = {} }: Descriptor): readonly string[] {
  const name = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"];
  if (name === undefined || !/[/:]/.test(name)) return [];
  return [canonicalName(parseReference(name))];
}

async function readBlob(files: ArchiveFiles, descriptor: Descriptor): Promise<Buffer> {
  const bytes = await files.read(blobName(descriptor));
  const actual = digestOf(bytes);
  if (actual === descriptor.digest) return bytes;
  throw new RuncibleError("digest-mismatch", `import layout: blob ${descriptor.digest} has the digest ${actual}`);
}

function blobName({ digest }: Descriptor): string {
  return `blobs/sha256/${encodedOf(digest)}`;
}
