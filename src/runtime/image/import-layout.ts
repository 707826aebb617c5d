import { RuncibleError } from "../../internal/errors";
import type { Descriptor } from "./descriptor";
import { digestOf, encodedOf } from "./digest";
import { addFileLayer } from "./file-layer";
import type { ImageStore } from "./image-store";
import type { ArchiveFiles } from "./import-docker";
import type { LayerSink } from "./layer-sink";
import type { Image } from "./manifest";
import { isIndex, parseManifest } from "./parse";
import { choosePlatform, hostPlatform } from "./platform";
import { canonicalName, parseReference } from "./reference";

/** OCI image layout: every manifest of index.json that runs on this machine. */
export async function importLayout(
  store: ImageStore,
  files: ArchiveFiles,
  layers: LayerSink,
  signal: AbortSignal,
): Promise<readonly Image[]> {
  const index = parseManifest(await files.read("index.json"));
  if (!isIndex(index)) throw new RuncibleError("image-invalid", "import layout: index.json is no index");
  const images: Image[] = [];
  for (const descriptor of index.manifests) {
    images.push(await importOne(store, files, layers, { descriptor, signal }));
  }
  return images;
}

async function importOne(
  store: ImageStore,
  files: ArchiveFiles,
  layers: LayerSink,
  { descriptor, signal }: { readonly descriptor: Descriptor; readonly signal: AbortSignal },
): Promise<Image> {
  const bytes = await readBlob(files, descriptor);
  const manifest = parseManifest(bytes);
  if (isIndex(manifest)) {
    const chosen = choosePlatform(manifest, hostPlatform());
    if (chosen === undefined) {
      throw new RuncibleError("platform-unavailable", "import layout: no image in it is for this machine's platform");
    }
    return await importOne(store, files, layers, { descriptor: { ...descriptor, ...chosen }, signal });
  }
  const lease = store.lease();
  try {
    for (const layer of manifest.layers) {
      const path = files.pathOf(blobName(layer));
      if (path === undefined)
        throw new RuncibleError("image-invalid", `import layout: it lacks the layer ${layer.digest}`);
      const added = await addFileLayer(path, { store, layers, lease, signal });
      checkDigest(layer, added.descriptor.digest);
    }
    await store.blobs.put(await readBlob(files, manifest.config));
    await store.blobs.put(bytes);
    return await store.add({ manifest: descriptor, tags: tagsOf(descriptor), repoDigests: [] });
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
  checkDigest(descriptor, digestOf(bytes));
  return bytes;
}

function checkDigest({ digest }: Descriptor, actual: string): void {
  if (digest === actual) return;
  throw new RuncibleError("digest-mismatch", `import layout: blob ${digest} has the digest ${actual}`);
}

function blobName({ digest }: Descriptor): string {
  return `blobs/sha256/${encodedOf(digest)}`;
}
