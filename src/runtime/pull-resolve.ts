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
import { blocked } from "./registry/pull-sources";
import type { Registries } from "./registry/registries";
import type { FetchedManifest, Repository } from "./registry/registry-client";
import type { RegistryCredentials } from "./registry/settings";

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

/** What is known of a registry, by its host. */
export type CredentialsOf = (domain: string) => RegistryCredentials | undefined;

/**
 * Mirrors first; one that fails is logged and passed over. Throws as `Repository.manifest`,
 * and `registries-conf-invalid`, `registry-blocked`.
 */
export function resolveName(sources: Sources, request: ResolveRequest): Promise<ResolvedName> {
  const { reference, signal } = request;
  const tagOrDigest = reference.digest ?? reference.tag ?? "latest";
  return askSources(sources, request, async (repository) => {
    return { repository, named: await repository.manifest(tagOrDigest, signal) };
  });
}

/** The tags of a repository, from wherever its images would come. Throws as `Repository.tags` and `resolveName`. */
export function resolveTags(sources: Sources, request: ResolveRequest): Promise<readonly string[]> {
  return askSources(sources, request, (repository) => repository.tags(request.signal));
}

interface Sources {
  readonly registries: Registries;
  readonly logger: Logger;
}

async function askSources<T>(
  { registries, logger }: Sources,
  { reference, credentialsOf, signal }: ResolveRequest,
  ask: (repository: Repository) => Promise<T>,
): Promise<T> {
  const failures: MirrorFailure[] = [];
  const sources = await registries.sourcesOf(reference);
  for (const { domain, isInsecure, isMirror, url, reference: there, blockedBy } of sources) {
    try {
      if (blockedBy !== undefined) throw blocked(there, blockedBy);
      const repository = await registries.clientFor({ domain, isInsecure }).open({
        ...{ reference: there, signal },
        // Credentials are for the host that they were given for, not for whoever stands in for it.
        credentials: credentialsOf(domain),
        ...(url === undefined ? {} : { mirror: url }),
      });
      return await ask(repository);
    } catch (error) {
      if (signal.aborted) throw error;
      if (!isMirror) throw withMirrors(error, failures);
      logger.warn("registry mirror fails", { mirror: url ?? domain, reason: messageOf(error) });
      failures.push({ mirror: url ?? domain, reason: messageOf(error) });
    }
  }
  throw new RuncibleError("internal", `pull ${familiarName(reference)}: nowhere to look for it`);
}

export interface ResolveRequest {
  readonly reference: ImageReference;
  readonly credentialsOf: CredentialsOf;
  readonly signal: AbortSignal;
}

interface MirrorFailure {
  readonly mirror: string;
  readonly reason: string;
}

/** Who relies on a mirror has to know why it was of no use. */
function withMirrors(error: unknown, failures: readonly MirrorFailure[]): unknown {
  if (failures.length === 0 || !(error instanceof RuncibleError)) return error;
  const before = failures.map(({ mirror, reason }) => `mirror ${mirror}: ${reason}`).join("; ");
  return new RuncibleError(error.code, `${error.message} (before it, ${before})`, {
    cause: error,
    evidence: { ...error.evidence, mirrors: failures },
  });
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

/**
 * Brings the config into the store unless it is there. Throws `image-invalid`, `digest-mismatch`, as `Repository.blob`.
 */
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
