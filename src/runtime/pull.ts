import type { Logger } from "../internal/log";
import type { Platform } from "../internal/platform";
import type { Descriptor } from "./image/descriptor";
import type { Digest } from "./image/digest";
import type { ImageLease, ImageStore } from "./image/image-store";
import type { Image, ImageManifest } from "./image/manifest";
import { checkPlatform, hostPlatform } from "./image/platform";
import { canonicalName, familiarName, type ImageReference, repositoryOf } from "./image/reference";
import type { LayerStore } from "./layer/layer-store";
import { layerName } from "./pull-download";
import { type MissingLayer, missingLayers, pullLayers } from "./pull-layers";
import {
  chooseManifest,
  fetchConfig,
  platformsOf,
  type ResolvedName,
  type ResolveRequest,
  resolveName,
  resolveTags,
} from "./pull-resolve";
import { openRegistries } from "./registry/registries";
import { defaultRegistrySettings, type RegistryCredentials, type RegistrySettings } from "./registry/settings";

export type { RegistryCredentials, RegistrySettings } from "./registry/settings";

export interface PullProgress {
  /** First 12 digits of the layer's digest. */
  readonly layer: string;
  readonly phase: "waiting" | "downloading" | "verifying" | "downloaded" | "extracting" | "done" | "exists";
  /** Bytes, while downloading and extracting. */
  readonly current?: number;
  readonly total?: number;
}

export interface PullRequest {
  readonly reference: ImageReference;
  /** Default: the host's. */
  readonly platform?: Platform;
  /** For the registry of the reference. */
  readonly auth?: RegistryCredentials;
  /** By registry host, for those that registries.conf puts in its place. */
  readonly auths?: ReadonlyMap<string, RegistryCredentials>;
  readonly signal: AbortSignal;
  /** The registry has answered: what is to be had is known. */
  readonly onResolved?: (info: { readonly digest: Digest; readonly isNew: boolean }) => void;
  readonly onProgress?: (event: PullProgress) => void;
}

export type DescribeRequest = Pick<PullRequest, "reference" | "auth" | "auths" | "signal">;

export interface PullResult {
  readonly image: Image;
  /** False when the store had the image whole. */
  readonly isNew: boolean;
  /** What the name stands for at the registry: of the index, if it is one. */
  readonly digest: Digest;
}

export interface DescribedName {
  /** Of the index, if it is one. */
  readonly descriptor: Descriptor;
  readonly platforms: readonly Platform[];
}

export interface Puller {
  /**
   * Brings an image into the store, layers unpacked. It gets its name only when all of it is there. Throws
   * `image-exists-nowhere`, `platform-unavailable`, `registry-*`, `digest-mismatch`, `size-mismatch`, `layer-*`,
   * `disk-full`, `aborted`, `registries-conf-invalid`.
   */
  pull(request: PullRequest): Promise<PullResult>;
  /** What the registry has for a name, without bringing it. Throws `image-exists-nowhere`, `registry-*`, `aborted`. */
  describe(request: DescribeRequest): Promise<DescribedName>;
  /** The tags that the registry has of a repository. Throws as `describe`. */
  tags(request: DescribeRequest): Promise<readonly string[]>;
  /** The hosts that a pull would ask, each once. Throws `registries-conf-invalid`. */
  registriesOf(reference: ImageReference): Promise<readonly string[]>;
  /** Base URLs of those that a pull would ask before the registry of the name. Throws `registries-conf-invalid`. */
  mirrorsOf(reference: ImageReference): Promise<readonly string[]>;
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
  const known = openRegistries(settings);
  /** Two pulls at once must not fetch one layer twice. */
  const layersUnderWay = new Map<Digest, Promise<void>>();

  const sources = { registries: known, logger };
  const asked = ({ reference, auth, auths, signal }: DescribeRequest): ResolveRequest => {
    const credentialsOf = (domain: string): RegistryCredentials | undefined =>
      auths?.get(domain) ?? (domain === reference.domain ? auth : undefined);
    return { reference, credentialsOf, signal };
  };
  const resolve = (request: DescribeRequest): Promise<ResolvedName> => resolveName(sources, asked(request));

  const pull = async (request: PullRequest): Promise<PullResult> => {
    const { reference, platform = hostPlatform(), signal, onResolved, onProgress = () => {} } = request;
    const lease = images.lease();
    try {
      const resolved = await resolve(request);
      const { repository } = resolved;
      const chosen = await chooseManifest(resolved, { reference, platform, signal });
      const { manifest } = chosen;
      const { digest } = resolved.named.descriptor;
      protect(lease, [
        chosen.descriptor.digest,
        manifest.config.digest,
        ...manifest.layers.map((layer) => layer.digest),
      ]);
      const config = await fetchConfig(images.blobs, repository, chosen, signal);
      // Only what was asked for explicitly is insisted on: an image without index runs where its user wants it.
      if (request.platform !== undefined) checkPlatform(familiarName(reference), config, platform);
      protect(lease, config.rootfs.diff_ids);
      const known = await images.find(manifest.config.digest);
      const missing = await missingLayers({ layers, blobs: images.blobs }, manifest, config.rootfs.diff_ids);
      const isNew = known === undefined || missing.length > 0;
      onResolved?.({ digest, isNew });
      tellExisting(manifest, missing, onProgress);
      await pullLayers(missing, {
        ...{ repository, images, layers, signal, onProgress },
        parallelDownloads: settings.parallelDownloads,
        underWay: layersUnderWay,
      });
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

  const describe: Puller["describe"] = async (request) => {
    const { named, repository } = await resolve(request);
    const platforms = await platformsOf({ named, repository }, request.signal);
    return { descriptor: named.descriptor, platforms };
  };

  return {
    pull,
    describe,
    tags: (request) => resolveTags(sources, asked(request)),
    registriesOf: async (reference) => [...new Set((await known.sourcesOf(reference)).map(({ domain }) => domain))],
    mirrorsOf: async (reference) =>
      (await known.sourcesOf(reference))
        .filter(({ isMirror }) => isMirror)
        .map(({ url, domain, isInsecure }) => url ?? `${isInsecure ? "http" : "https"}://${domain}`),
    checkLogin: async (domain, auth, signal) => {
      // As for a push: rules that say where else images are do not say who knows the password.
      const client = await known.clientForPush({ domain, path: "" });
      await client.checkLogin(domain, auth, signal);
    },
  };
}

/** Before anything is looked for in the store: what is found must not be collected meanwhile. */
function protect(lease: ImageLease, digests: readonly Digest[]): void {
  for (const digest of digests) lease.protect(digest);
}

function tellExisting(
  manifest: ImageManifest,
  missing: readonly MissingLayer[],
  onProgress: (event: PullProgress) => void,
): void {
  for (const { digest } of manifest.layers) {
    const isMissing = missing.some(({ descriptor }) => descriptor.digest === digest);
    onProgress({ layer: layerName({ digest }), phase: isMissing ? "waiting" : "exists" });
  }
}
