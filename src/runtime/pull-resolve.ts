import { messageOf, RuncibleError } from "../internal/errors";
import type { Logger } from "../internal/log";
import { formatPlatform, type Platform } from "../internal/platform";
import type { BlobStore } from "./image/blob-store";
import type { Descriptor } from "./image/descriptor";
import { digestOf } from "./image/digest";
import type { ImageConfig, ImageManifest } from "./image/manifest";
import { isIndex, parseImageConfig, parseManifest } from "./image/parse";
import { choosePlatform } from "./image/platform";
import { familiarName, type ImageReference } from "./image/reference";
import type { FetchedManifest, RegistryClient, Repository } from "./registry/registry-client";
import type { RegistryCredentials, RegistrySettings } from "./registry/settings";

/** What a name stands for, and where the rest of it is to be had. */
export interface ResolvedName {
  readonly repository: Repository;
  /** An index or a manifest. */
  readonly named: FetchedManifest;
}

export interface ChosenManifest extends FetchedManifest {
  readonly manifest: ImageManifest;
}

const configLimit = 8 * 1024 * 1024;

/** Mirrors of docker.io first; one that fails is logged and passed over. Throws as `Repository.manifest`. */
export async function resolveName(
  { client, settings, logger }: { client: RegistryClient; settings: RegistrySettings; logger: Logger },
  { reference, auth, signal }: { reference: ImageReference; auth?: RegistryCredentials; signal: AbortSignal },
): Promise<ResolvedName> {
  const tagOrDigest = reference.digest ?? reference.tag ?? "latest";
  const mirrors = reference.domain === "docker.io" ? settings.mirrors : [];
  for (const mirror of mirrors) {
    try {
      // Credentials are for the registry, not for whoever mirrors it.
      const repository = await client.open({ reference, credentials: undefined, signal, mirror });
      return { repository, named: await repository.manifest(tagOrDigest, signal) };
    } catch (error) {
      if (signal.aborted) throw error;
      logger.warn("registry mirror fails", { mirror, reason: messageOf(error) });
    }
  }
  const repository = await client.open({ reference, credentials: auth, signal });
  return { repository, named: await repository.manifest(tagOrDigest, signal) };
}

/** The manifest for a platform. Throws `platform-unavailable`, `image-invalid`. */
export async function chooseManifest(
  { repository, named }: ResolvedName,
  { reference, platform, signal }: { reference: ImageReference; platform: Platform; signal: AbortSignal },
): Promise<ChosenManifest> {
  const manifest = parseManifest(named.bytes);
  if (!isIndex(manifest)) return { ...named, manifest };
  const chosen = choosePlatform(manifest, platform);
  if (chosen === undefined) throw noPlatform(reference, platform, manifest.manifests);
  const fetched = await repository.manifest(chosen.digest, signal);
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

/** Of what a name stands for: an index says them, of an image the config does. */
export async function platformsOf(
  { repository, named }: ResolvedName,
  signal: AbortSignal,
): Promise<readonly Platform[]> {
  const manifest = parseManifest(named.bytes);
  if (isIndex(manifest))
    return manifest.manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platform]));
  const { architecture, os, variant } = parseImageConfig(await readConfig(repository, manifest, signal));
  return [{ architecture, os, ...(variant === undefined ? {} : { variant }) }];
}

/** Brings the config into the store unless it is there. Throws `image-invalid`, `digest-mismatch`, as `Repository.blob`. */
export async function fetchConfig(
  blobs: BlobStore,
  repository: Repository,
  { manifest }: ChosenManifest,
  signal: AbortSignal,
): Promise<ImageConfig> {
  const { digest } = manifest.config;
  if (await blobs.has(digest)) return parseImageConfig(await blobs.read(digest));
  const bytes = await readConfig(repository, manifest, signal);
  const config = parseImageConfig(bytes);
  await blobs.put(bytes);
  return config;
}

async function readConfig(repository: Repository, manifest: ImageManifest, signal: AbortSignal): Promise<Buffer> {
  const { digest, size } = manifest.config;
  if (size > configLimit) {
    throw new RuncibleError("image-invalid", `pull config ${digest}: ${size} bytes are more than the 8 MiB allowed`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of repository.blob(manifest.config, 0, signal)) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const actual = digestOf(bytes);
  if (actual !== digest) {
    throw new RuncibleError("digest-mismatch", `pull config ${digest}: what arrived has the digest ${actual}`);
  }
  return bytes;
}
