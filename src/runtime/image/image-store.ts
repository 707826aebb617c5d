import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, RuncibleError } from "../../internal/errors";
import { Mutex } from "../../internal/mutex";
import { type BlobStore, openBlobStore } from "./blob-store";
import type { Descriptor } from "./descriptor";
import type { Digest } from "./digest";
import type { Image } from "./manifest";
import { isIndex, parseImageConfig, parseManifest } from "./parse";
import { canonicalName, parseReference, repositoryOf } from "./reference";

/** Images by id, tag and digest, over a blob store. */
export interface ImageStore {
  readonly blobs: BlobStore;
  /** Manifest and config must be in the blob store. A tag moves here from the image that had it. */
  add(image: ImageAddition): Promise<Image>;
  /** By reference as typed, `name@digest`, or id or prefix of one, with or without `sha256:`. */
  find(name: string): Promise<Image | undefined>;
  list(): Promise<readonly Image[]>;
  /** Throws `image-not-found`. */
  tag(id: Digest, canonicalName: string): Promise<void>;
  untag(canonicalName: string): Promise<void>;
  /** Forgets the image with all its names; its content goes with the next `collectGarbage`. */
  remove(id: Digest): Promise<void>;
  /** Keeps blobs, and layers by diff id, from being collected until its release: for what is being put together. */
  lease(): ImageLease;
  /** Removes blobs that no image and no lease needs, and says which layers are still needed. */
  collectGarbage(): Promise<{ readonly bytes: number; readonly layersInUse: ReadonlySet<Digest> }>;
}

export interface ImageLease {
  protect(digest: Digest): void;
  /** Idempotent. */
  release(): void;
}

export interface ImageAddition {
  readonly manifest: Descriptor;
  /** Canonical. */
  readonly tags: readonly string[];
  readonly repoDigests: readonly string[];
}

/** The index on disk: by image id. Everything else is in the blobs. */
interface IndexEntry {
  readonly manifest: Descriptor;
  readonly tags: readonly string[];
  readonly repoDigests: readonly string[];
}

export async function openImageStore(folder: string): Promise<ImageStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const blobs = await openBlobStore(join(folder, "blobs"));
  const indexPath = join(folder, "index.json");
  const changes = new Mutex();
  const leases = new Set<Set<Digest>>();
  /** Images are immutable, so what was read once holds until the index says otherwise. */
  let index: ReadonlyMap<Digest, Image> = await load(blobs, await readIndex(indexPath));

  const change = (step: (images: Map<Digest, Image>) => void): Promise<void> =>
    changes.run(async () => {
      const images = new Map(index);
      step(images);
      await writeIndex(indexPath, images);
      index = images;
    });

  const add = async ({ manifest, tags, repoDigests }: ImageAddition): Promise<Image> => {
    const read = await readImage(blobs, { manifest, tags, repoDigests });
    await change((images) => {
      takeTags(images, tags);
      const known = images.get(read.id);
      images.set(read.id, {
        ...read,
        tags: [...new Set([...(known?.tags ?? []), ...tags])],
        repoDigests: [...new Set([...(known?.repoDigests ?? []), ...repoDigests])],
      });
    });
    return index.get(read.id) ?? read;
  };

  return {
    blobs,
    add,
    find: async (name) => findImage(index, name),
    list: async () => [...index.values()],
    tag: (id, name) =>
      change((images) => {
        takeTags(images, [name]);
        const image = images.get(id);
        if (image === undefined) throw new RuncibleError("image-not-found", `No such image: ${id}`);
        images.set(id, { ...image, tags: [...image.tags, name] });
      }),
    untag: (name) => change((images) => takeTags(images, [name])),
    remove: (id) =>
      change((images) => {
        images.delete(id);
      }),
    lease: () => {
      const held = new Set<Digest>();
      leases.add(held);
      return { protect: (digest) => held.add(digest), release: () => leases.delete(held) };
    },
    collectGarbage: () =>
      changes.run(async () => {
        const needed = new Set<Digest>([...leases].flatMap((held) => [...held]));
        for (const { id, manifestDescriptor, manifest } of index.values()) {
          for (const digest of [id, manifestDescriptor.digest, ...manifest.layers.map((layer) => layer.digest)]) {
            needed.add(digest);
          }
        }
        let bytes = 0;
        for (const digest of await blobs.list()) if (!needed.has(digest)) bytes += await blobs.remove(digest);
        const leased = [...leases].flatMap((held) => [...held]);
        const layersInUse = new Set([
          ...leased,
          ...[...index.values()].flatMap(({ config }) => config.rootfs.diff_ids),
        ]);
        return { bytes, layersInUse };
      }),
  };
}

function takeTags(images: Map<Digest, Image>, tags: readonly string[]): void {
  for (const [id, image] of images) {
    if (!image.tags.some((tag) => tags.includes(tag))) continue;
    images.set(id, { ...image, tags: image.tags.filter((tag) => !tags.includes(tag)) });
  }
}

function findImage(index: ReadonlyMap<Digest, Image>, name: string): Image | undefined {
  const images = [...index.values()];
  const hex = /^(?:sha256:)?([0-9a-f]{4,64})$/.exec(name)?.[1];
  if (hex !== undefined && (name.startsWith("sha256:") || hex.length === 64)) return byId(images, hex);
  return byName(images, name) ?? (hex === undefined ? undefined : byId(images, hex));
}

function byId(images: readonly Image[], hex: string): Image | undefined {
  const found = images.filter(({ id }) => id.startsWith(`sha256:${hex}`));
  if (found.length > 1) throw new RuncibleError("invalid-argument", `multiple IDs found with provided prefix: ${hex}`);
  return found[0];
}

function byName(images: readonly Image[], name: string): Image | undefined {
  const reference = parseReference(name);
  if (reference.digest !== undefined) {
    const repoDigest = `${repositoryOf(reference)}@${reference.digest}`;
    return images.find((image) => image.repoDigests.includes(repoDigest));
  }
  const canonical = canonicalName(reference);
  return images.find((image) => image.tags.includes(canonical));
}

async function readImage(blobs: BlobStore, entry: IndexEntry): Promise<Image> {
  const manifest = parseManifest(await blobs.read(entry.manifest.digest));
  if (isIndex(manifest)) {
    throw new RuncibleError("image-invalid", `add image ${entry.manifest.digest}: it is an index, not one image`);
  }
  const config = parseImageConfig(await blobs.read(manifest.config.digest));
  const { tags, repoDigests } = entry;
  return { id: manifest.config.digest, manifestDescriptor: entry.manifest, manifest, config, tags, repoDigests };
}

async function load(blobs: BlobStore, entries: readonly IndexEntry[]): Promise<ReadonlyMap<Digest, Image>> {
  const images = await Promise.all(entries.map((entry) => readImage(blobs, entry)));
  return new Map(images.map((image) => [image.id, image]));
}

async function readIndex(path: string): Promise<readonly IndexEntry[]> {
  try {
    return JSON.parse(await readFile(path, "utf8")).images;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return [];
    throw new RuncibleError("image-invalid", `read image index ${path}: remove the file to start over`, {
      cause: error,
    });
  }
}

async function writeIndex(path: string, images: ReadonlyMap<Digest, Image>): Promise<void> {
  const entries: readonly IndexEntry[] = [...images.values()].map(({ manifestDescriptor, tags, repoDigests }) => ({
    manifest: manifestDescriptor,
    tags,
    repoDigests,
  }));
  await writeFile(`${path}.new`, JSON.stringify({ images: entries }, undefined, 1), { mode: 0o600, flush: true });
  await rename(`${path}.new`, path);
}
