import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { Mutex } from "../../internal/mutex";
import { type BlobStore, openBlobStore } from "./blob-store";
import type { Descriptor } from "./descriptor";
import type { Digest } from "./digest";
import { readImage, readIndex, writeIndex } from "./image-index";
import type { Image } from "./manifest";
import { canonicalName, parseReference, repositoryOf } from "./reference";

/** Images by id, tag and digest, over a blob store. */
export interface ImageStore {
  readonly blobs: BlobStore;
  /**
   * Manifest, config and the layers' blobs must be in the blob store. A tag moves here from the image that had it. An
   * image that a registry knows keeps the manifest it has there when it is added again from elsewhere.
   */
  add(image: ImageAddition): Promise<Image>;
  /** By reference as typed, `name@digest`, or id or prefix of one, with or without `sha256:`. */
  find(name: string): Promise<Image | undefined>;
  list(): Promise<readonly Image[]>;
  /** Throws `image-not-found`. */
  tag(id: Digest, canonicalName: string): Promise<void>;
  /** Takes a name, with a tag or a digest, from the image that has it. */
  untag(canonicalName: string): Promise<void>;
  /** Forgets the image with all its names; its content goes with the next `collectGarbage`. */
  remove(id: Digest): Promise<void>;
  /** Keeps blobs, and layers by diff id, from being collected until its release: for what is being put together. */
  lease(): ImageLease;
  /** A new empty folder on the store's disk, for what becomes an image or part of one. */
  scratch(): Promise<ScratchFolder>;
  /** Whether an image or a lease needs the layer now. */
  needsLayer(diffId: Digest): boolean;
  /** Removes blobs that no image and no lease needs. Resolves to the bytes that were freed. */
  collectGarbage(): Promise<number>;
  /**
   * Removes what arrived of blobs that no lease needs, and waits for another attempt. Resolves to the bytes that were
   * freed.
   */
  dropSuspended(): Promise<number>;
}

export interface ScratchFolder {
  readonly path: string;
  remove(): Promise<void>;
}

export interface ImageLease {
  /** To be called before the digest is looked for, lest it be found and then collected. */
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

export async function openImageStore(folder: string): Promise<ImageStore> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const blobs = await openBlobStore(join(folder, "blobs"));
  const indexPath = join(folder, "index.json");
  const scratchFolder = join(folder, "scratch");
  await rm(scratchFolder, { recursive: true, force: true });
  await mkdir(scratchFolder, { mode: 0o700 });
  const changes = new Mutex();
  const leases = new Set<ReadonlySet<Digest>>();
  const isLeased = (digest: Digest): boolean => [...leases].some((held) => held.has(digest));
  /** Images are immutable, so what was read once holds until the index says otherwise. */
  let index: ReadonlyMap<Digest, Image> = await readIndex(indexPath, blobs);

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
      const isKnownElsewhere = known !== undefined && known.repoDigests.length > 0 && repoDigests.length === 0;
      images.set(read.id, {
        ...(isKnownElsewhere ? known : read),
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
    untag: (name) => change((images) => takeNames(images, [name])),
    remove: (id) =>
      change((images) => {
        images.delete(id);
      }),
    lease: () => {
      const held = new Set<Digest>();
      leases.add(held);
      return { protect: (digest) => held.add(digest), release: () => leases.delete(held) };
    },
    scratch: async () => {
      const path = await mkdtemp(join(scratchFolder, "new-"));
      return { path, remove: () => rm(path, { recursive: true, force: true }) };
    },
    needsLayer: (diffId) =>
      isLeased(diffId) || [...index.values()].some(({ config }) => config.rootfs.diff_ids.includes(diffId)),
    collectGarbage: () =>
      changes.run(async () => {
        const named = new Set([...index.values()].flatMap(blobsOf));
        let bytes = 0;
        for (const digest of await blobs.list()) {
          // Asked anew for each, for leases that began meanwhile; images cannot.
          if (!named.has(digest) && !isLeased(digest)) bytes += await blobs.remove(digest);
        }
        return bytes;
      }),
    dropSuspended: () => blobs.removeSuspended(isLeased),
  };
}

function blobsOf({ id, manifestDescriptor, manifest }: Image): readonly Digest[] {
  return [id, manifestDescriptor.digest, ...manifest.layers.map(({ digest }) => digest)];
}

function takeTags(images: Map<Digest, Image>, tags: readonly string[]): void {
  for (const [id, image] of images) {
    if (!image.tags.some((tag) => tags.includes(tag))) continue;
    images.set(id, { ...image, tags: image.tags.filter((tag) => !tags.includes(tag)) });
  }
}

function takeNames(images: Map<Digest, Image>, names: readonly string[]): void {
  takeTags(images, names);
  for (const [id, image] of images) {
    if (!image.repoDigests.some((name) => names.includes(name))) continue;
    images.set(id, { ...image, repoDigests: image.repoDigests.filter((name) => !names.includes(name)) });
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
