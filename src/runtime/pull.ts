import { messageOf, RuncibleError } from "../internal/errors";
import type { Logger } from "../internal/log";
import type { BlobIngest } from "./image/blob-store";
import type { Descriptor, Platform } from "./image/descriptor";
import type { Digest } from "./image/digest";
import type { ImageLease, ImageStore } from "./image/image-store";
import type { Image, ImageManifest } from "./image/manifest";
import { isIndex, parseImageConfig, parseManifest } from "./image/parse";
import { choosePlatform, formatPlatform, hostPlatform, matchesPlatform } from "./image/platform";
import { canonicalName, familiarName, type ImageReference, repositoryOf } from "./image/reference";
import type { LayerStore } from "./layer/layer-store";
import { type LayerJob, pullLayer } from "./pull-layer";
import {
  createRegistryClient,
  type FetchedManifest,
  type RegistryClient,
  type Repository,
} from "./registry/registry-client";
import { defaultRegistrySettings, type RegistryCredentials, type RegistrySettings } from "./registry/settings";

export type { RegistryCredentials, RegistrySettings } from "./registry/settings";

export interface PullProgress {
  /** First 12 digits of the layer's digest. */
  readonly layer: string;
  readonly phase: "waiting" | "downloading" | "verifying" | "downloaded" | "extracting" | "done" | "exists";
  /** Bytes, while downloading. */
  readonly current?: number;
  readonly total?: number;
}

export interface PullRequest {
  readonly reference: ImageReference;
  /** Default: the host's. */
  readonly platform?: Platform;
  readonly auth?: RegistryCredentials;
  readonly signal: AbortSignal;
  /** The registry has answered: what is to be had is known. */
  readonly onResolved?: (info: { readonly digest: Digest; readonly isNew: boolean }) => void;
  readonly onProgress?: (event: PullProgress) => void;
}

export interface PullResult {
  readonly image: Image;
  /** False when the store had the image whole. */
  readonly isNew: boolean;
  /** What the name stands for at the registry: of the index, if it is one. */
  readonly digest: Digest;
}

export interface Puller {
  /**
   * Brings an image into the store, layers unpacked. It gets its name only when all of it is there. Throws
   * `image-exists-nowhere`, `platform-unavailable`, `registry-*`, `digest-mismatch`, `size-mismatch`, `layer-*`,
   * `disk-full`, `aborted`.
   */
  pull(request: PullRequest): Promise<PullResult>;
  /** Throws `registry-unauthorized` when the registry refuses the credentials. */
  checkLogin(domain: string, auth: RegistryCredentials, signal: AbortSignal): Promise<void>;
}

export interface PullerOptions {
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly registries?: Partial<RegistrySettings>;
  readonly logger: Logger;
}

export function createPuller({ images, layers, registries, logger }: PullerOptions): Puller {
  const settings: RegistrySettings = { ...defaultRegistrySettings, ...registries };
  const client = createRegistryClient(settings);
  /** Two pulls at once must not fetch one layer twice. */
  const layersUnderWay = new Map<Digest, Promise<void>>();

  const pull = async (request: PullRequest): Promise<PullResult> => {
    const { reference, platform = hostPlatform(), signal, onResolved, onProgress } = request;
    const lease = images.lease();
    try {
      const { repository, named } = await resolve(client, settings, logger, request);
      const chosen = await choose(repository, named, { reference, platform });
      const digest = named.descriptor.digest;
      const config = await fetchConfig(images, repository, chosen, signal);
      checkPlatform(reference, config.config, platform, request.platform !== undefined);
      protect(lease, chosen, config.config.rootfs.diff_ids);
      const known = await images.find(chosen.manifest.config.digest);
      const missing = await missingLayers(layers, chosen.manifest, config.config.rootfs.diff_ids);
      const isNew = known === undefined || missing.length > 0;
      onResolved?.({ digest, isNew });
      tellExisting(chosen.manifest, missing, onProgress);
      await pullLayers(missing, {
        repository,
        images,
        layers,
        settings,
        signal,
        underWay: layersUnderWay,
        onProgress: onProgress ?? (() => {}),
      });
      await images.blobs.put(config.bytes);
      await images.blobs.put(chosen.bytes);
      const image = await images.add({
        manifest: chosen.descriptor,
        tags: reference.digest === undefined ? [canonicalName(reference)] : [],
        repoDigests: [`${repositoryOf(reference)}@${digest}`],
      });
      return { image, isNew, digest };
    } finally {
      lease.release();
    }
  };

  return { pull, checkLogin: (domain, auth, signal) => client.checkLogin(domain, auth, signal) };
}

/** Before anything is looked for in the store: what is found must not be collected meanwhile. */
function protect(lease: ImageLease, { descriptor, manifest }: ChosenManifest, diffIds: readonly Digest[]): void {
  for (const { digest } of [descriptor, manifest.config, ...manifest.layers]) lease.protect(digest);
  for (const diffId of diffIds) lease.protect(diffId);
}

/** Mirrors of docker.io first; one that fails is logged and passed over. */
async function resolve(
  client: RegistryClient,
  settings: RegistrySettings,
  logger: Logger,
  { reference, auth, signal }: PullRequest,
): Promise<{ repository: Repository; named: FetchedManifest }> {
  const tagOrDigest = reference.digest ?? reference.tag ?? "latest";
  const mirrors = reference.domain === "docker.io" ? settings.mirrors : [];
  for (const mirror of mirrors) {
    try {
      // Credentials are for the registry, not for whoever mirrors it.
      const repository = await client.open({ reference, credentials: undefined, signal, mirror });
      return { repository, named: await repository.manifest(tagOrDigest) };
    } catch (error) {
      if (signal.aborted) throw error;
      logger.warn("registry mirror fails", { mirror, reason: messageOf(error) });
    }
  }
  const repository = await client.open({ reference, credentials: auth, signal });
  return { repository, named: await repository.manifest(tagOrDigest) };
}

interface ChosenManifest extends FetchedManifest {
  readonly manifest: ImageManifest;
}

async function choose(
  repository: Repository,
  named: FetchedManifest,
  { reference, platform }: { readonly reference: ImageReference; readonly platform: Platform },
): Promise<ChosenManifest> {
  const manifest = parseManifest(named.bytes);
  if (!isIndex(manifest)) return { ...named, manifest };
  const chosen = choosePlatform(manifest, platform);
  if (chosen === undefined) throw noPlatform(reference, platform, manifest.manifests);
  const fetched = await repository.manifest(chosen.digest);
  const inner = parseManifest(fetched.bytes);
  if (isIndex(inner)) {
    throw new RuncibleError("image-invalid", `pull ${familiarName(reference)}: its index leads to another index`);
  }
  return { ...fetched, manifest: inner };
}

function noPlatform(reference: ImageReference, platform: Platform, manifests: readonly Descriptor[]): RuncibleError {
  const known = manifests.flatMap((one) => (one.platform === undefined ? [] : [formatPlatform(one.platform)]));
  return new RuncibleError(
    "platform-unavailable",
    `no matching manifest for ${formatPlatform(platform)} in the manifest list of ${familiarName(reference)}; it has ${known.join(", ")}`,
  );
}

async function fetchConfig(
  images: ImageStore,
  repository: Repository,
  { manifest }: ChosenManifest,
  signal: AbortSignal,
): Promise<{ config: ReturnType<typeof parseImageConfig>; bytes: Buffer }> {
  const { digest, size } = manifest.config;
  if (!(await images.blobs.has(digest))) {
    const ingest = await freshIngest(images, { digest, size });
    try {
      const { body } = await repository.blob(digest, 0);
      for await (const chunk of body) {
        signal.throwIfAborted();
        await ingest.write(chunk);
      }
      await ingest.commit();
    } finally {
      await ingest.abort();
    }
  }
  const bytes = await images.blobs.read(digest);
  return { config: parseImageConfig(bytes), bytes };
}

/** A config is small: what an earlier attempt left of it is not worth a resumption. */
async function freshIngest(
  images: ImageStore,
  blob: { readonly digest: Digest; readonly size: number },
): Promise<BlobIngest> {
  const ingest = await images.blobs.ingest(blob);
  if (ingest.offset === 0) return ingest;
  await ingest.abort();
  return await images.blobs.ingest(blob);
}

/** Only what was asked for explicitly is insisted on: an image without index runs where its user wants it. */
function checkPlatform(reference: ImageReference, actual: Platform, wanted: Platform, isExplicit: boolean): void {
  if (!isExplicit || matchesPlatform(actual, wanted)) return;
  throw new RuncibleError(
    "platform-unavailable",
    `image with reference ${familiarName(reference)} was found but does not match the specified platform: wanted ${formatPlatform(wanted)}, actual: ${formatPlatform(actual)}`,
  );
}

interface MissingLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

async function missingLayers(
  layers: LayerStore,
  manifest: ImageManifest,
  diffIds: readonly Digest[],
): Promise<readonly MissingLayer[]> {
  if (manifest.layers.length !== diffIds.length) {
    throw new RuncibleError(
      "image-invalid",
      "pull image: its manifest and its config name different numbers of layers",
    );
  }
  const missing: MissingLayer[] = [];
  for (const [index, descriptor] of manifest.layers.entries()) {
    const diffId = diffIds[index];
    if (diffId === undefined || missing.some((layer) => layer.diffId === diffId)) continue;
    if (!(await layers.has(diffId))) missing.push({ descriptor, diffId });
  }
  return missing;
}

function tellExisting(
  manifest: ImageManifest,
  missing: readonly MissingLayer[],
  onProgress: ((event: PullProgress) => void) | undefined,
): void {
  for (const { digest } of manifest.layers) {
    const isMissing = missing.some(({ descriptor }) => descriptor.digest === digest);
    onProgress?.({ layer: layerName(digest), phase: isMissing ? "waiting" : "exists" });
  }
}

export function layerName(digest: Digest): string {
  return digest.slice("sha256:".length, "sha256:".length + 12);
}

interface LayersJob extends Omit<LayerJob, "descriptor" | "diffId"> {
  readonly settings: RegistrySettings;
  readonly underWay: Map<Digest, Promise<void>>;
}

/** A few at a time. The first failure stops the others. */
async function pullLayers(missing: readonly MissingLayer[], job: LayersJob): Promise<void> {
  const stop = new AbortController();
  const signal = AbortSignal.any([job.signal, stop.signal]);
  const queue = [...missing];
  const worker = async (): Promise<void> => {
    for (let layer = queue.shift(); layer !== undefined; layer = queue.shift()) {
      await pullOnce({ ...job, ...layer, signal }, job.underWay);
    }
  };
  const workers = Array.from({ length: Math.min(job.settings.parallelDownloads, missing.length) }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    stop.abort();
    await Promise.allSettled(workers);
    throw error;
  }
}

async function pullOnce(job: LayerJob, underWay: Map<Digest, Promise<void>>): Promise<void> {
  const running = underWay.get(job.diffId);
  if (running !== undefined) {
    // Whoever began it may be cancelled or fail for a reason of its own: then it is our turn.
    await running.catch(() => {});
    if (await job.layers.has(job.diffId)) {
      job.onProgress({ layer: layerName(job.descriptor.digest), phase: "done" });
      return;
    }
    return await pullOnce(job, underWay);
  }
  const done = pullLayer(job).finally(() => underWay.delete(job.diffId));
  underWay.set(job.diffId, done);
  await done;
}
