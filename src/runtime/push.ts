import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { eachAtATime } from "../internal/each-at-a-time";
import { RuncibleError } from "../internal/errors";
import { shortId } from "../internal/ids";
import { compressLayers } from "./image/compress-layers";
import type { Descriptor } from "./image/descriptor";
import type { Digest } from "./image/digest";
import type { ImageStore } from "./image/image-store";
import type { Image } from "./image/manifest";
import { familiarName, type ImageReference, parseReference, repositoryOf } from "./image/reference";
import type { PushRepository } from "./registry/push-repository";
import { openRegistries } from "./registry/registries";
import { defaultRegistrySettings, type RegistryCredentials, type RegistrySettings } from "./registry/settings";

export interface PushProgress {
  /** First 12 digits of the layer's diff id. */
  readonly layer: string;
  readonly phase: "preparing" | "waiting" | "exists" | "mounted" | "pushing" | "pushed";
  /** The repository, when mounted. */
  readonly from?: string;
  /** Bytes, while pushing. */
  readonly current?: number;
  readonly total?: number;
}

export interface PushRequest {
  readonly image: Image;
  /** With a tag. */
  readonly reference: ImageReference;
  readonly auth?: RegistryCredentials;
  readonly signal: AbortSignal;
  readonly onProgress?: (event: PushProgress) => void;
}

export interface PushResult {
  /** Of the manifest, as the store has it. */
  readonly digest: Digest;
  /** Of the manifest, bytes. */
  readonly size: number;
}

export interface Pusher {
  /**
   * Brings an image to a registry, its manifest byte for byte as the store has it; the image then has the digest among
   * its names. Throws `registry-*`, `digest-mismatch`, `disk-full`, `aborted`.
   */
  push(request: PushRequest): Promise<PushResult>;
}

export interface PusherOptions {
  readonly images: ImageStore;
  readonly registries?: Partial<RegistrySettings>;
}

/** As many uploads at a time as Docker has. */
const parallelUploads = 5;
const readBytes = 1024 * 1024;
const progressIntervalMs = 100;

export function createPusher({ images, registries }: PusherOptions): Pusher {
  const settings: RegistrySettings = { ...defaultRegistrySettings, ...registries };
  const known = openRegistries(settings);

  const push = async (request: PushRequest): Promise<PushResult> => {
    const { reference, auth, signal: caller, onProgress = () => {} } = request;
    const lease = images.lease();
    const stop = new AbortController();
    const signal = AbortSignal.any([caller, stop.signal]);
    try {
      for (const digest of blobsOf(request.image)) lease.protect(digest);
      tellLayers(request.image, onProgress);
      const image = await compressLayers(images, request.image, lease, signal);
      const client = await known.clientForPush(reference);
      const repository = await client.openForPush({ reference, credentials: auth, signal });
      const layers = layersOf(image);
      await eachAtATime(parallelUploads, layers, stop, (layer) =>
        pushLayer(layer, { images, reference, repository, onProgress }),
      );
      await pushBlob(image.manifest.config, { images, reference, repository });
      const { manifestDescriptor: descriptor } = image;
      const bytes = await images.blobs.read(descriptor.digest);
      await repository.pushManifest(reference.tag ?? "latest", { descriptor: described(image), bytes });
      const repoDigests = [`${repositoryOf(reference)}@${descriptor.digest}`];
      await images.add({ manifest: descriptor, tags: [], repoDigests });
      return { digest: descriptor.digest, size: bytes.length };
    } finally {
      lease.release();
    }
  };
  return { push };
}

interface PushedLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

interface PushJob {
  readonly images: ImageStore;
  readonly reference: ImageReference;
  readonly repository: PushRepository;
}

async function pushLayer(
  { descriptor, diffId }: PushedLayer,
  job: PushJob & { readonly onProgress: (event: PushProgress) => void },
): Promise<void> {
  const layer = shortId(diffId);
  const { onProgress } = job;
  let lastEvent = 0;
  const report = (current: number): void => {
    const now = Date.now();
    if (current < descriptor.size && now - lastEvent < progressIntervalMs) return;
    lastEvent = now;
    onProgress({ layer, phase: "pushing", current, total: descriptor.size });
  };
  const outcome = await pushBlob(descriptor, job, report);
  if (outcome === "exists") onProgress({ layer, phase: "exists" });
  else if (outcome === "sent") onProgress({ layer, phase: "pushed" });
  else onProgress({ layer, phase: "mounted", from: outcome.from });
}

async function pushBlob(
  descriptor: Descriptor,
  { images, reference, repository }: PushJob,
  onProgress: (current: number) => void = () => {},
): Promise<"exists" | "sent" | { readonly from: string }> {
  const { digest } = descriptor;
  if (await repository.hasBlob(digest)) return "exists";
  if (!(await images.blobs.has(digest))) {
    throw new RuncibleError(
      "image-invalid",
      `push ${familiarName(reference)}: the store lacks its blob ${digest}; pull or load the image again`,
    );
  }
  const path = images.blobs.pathOf(digest);
  const from = await repository.pushBlob({
    descriptor,
    elsewhere: elsewhereOf(await images.list(), reference, digest),
    read: (offset) => Readable.from(counted(path, offset, onProgress), { objectMode: false }),
    onProgress,
  });
  return from === undefined ? "sent" : { from };
}

async function* counted(
  path: string,
  offset: number,
  onProgress: (current: number) => void,
): AsyncGenerator<Buffer, void, void> {
  let current = offset;
  for await (const chunk of createReadStream(path, { start: offset, highWaterMark: readBytes })) {
    current += chunk.length;
    onProgress(current);
    yield chunk;
  }
}

/** Repositories of the same registry that had or got the blob. */
function elsewhereOf(all: readonly Image[], { domain, path }: ImageReference, digest: Digest): readonly string[] {
  const holders = all.filter((image) => blobsOf(image).includes(digest));
  const places = holders.flatMap(({ repoDigests }) => repoDigests.map(parseReference));
  return [
    ...new Set(places.filter((place) => place.domain === domain && place.path !== path).map((place) => place.path)),
  ];
}

/** Each once, lowest first. */
function layersOf({ manifest, config }: Image): readonly PushedLayer[] {
  const seen = new Set<Digest>();
  return manifest.layers.flatMap((descriptor, index) => {
    const diffId = config.rootfs.diff_ids[index];
    if (diffId === undefined || seen.has(descriptor.digest)) return [];
    seen.add(descriptor.digest);
    return [{ descriptor, diffId }];
  });
}

function tellLayers({ config }: Image, onProgress: (event: PushProgress) => void): void {
  const layers = [...new Set(config.rootfs.diff_ids)].reverse().map(shortId);
  for (const layer of layers) onProgress({ layer, phase: "preparing" });
  for (const layer of layers.slice(parallelUploads)) onProgress({ layer, phase: "waiting" });
}

/** The manifest's own word on its type comes before that of whoever delivered it. */
function described({ manifest, manifestDescriptor }: Image): Descriptor {
  return manifest.mediaType === undefined
    ? manifestDescriptor
    : { ...manifestDescriptor, mediaType: manifest.mediaType };
}

function blobsOf({ id, manifestDescriptor, manifest }: Image): readonly Digest[] {
  return [id, manifestDescriptor.digest, ...manifest.layers.map(({ digest }) => digest)];
}
