import type { Platform } from "../../internal/platform";
import type { Descriptor } from "./descriptor";
import type { Digest } from "./digest";

/** OCI "Image Manifest" and Docker schema 2 manifest: the same fields. */
export interface ImageManifest {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** OCI "Image Index" and Docker manifest list. */
export interface ImageIndex {
  readonly schemaVersion: 2;
  readonly mediaType?: string;
  readonly manifests: readonly Descriptor[];
}

/** Docker's health check, in nanoseconds; 0 or absent is "inherit" or the default. */
export interface HealthCheck {
  readonly Test?: readonly string[];
  readonly Interval?: number;
  readonly Timeout?: number;
  readonly StartPeriod?: number;
  readonly StartInterval?: number;
  readonly Retries?: number;
}

/** The execution defaults of an image: OCI image configuration, `config`, with Docker's additions. */
export interface ImageRunConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly Healthcheck?: HealthCheck;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[];
}

/** OCI "Image Configuration". */
export interface ImageConfig extends Platform {
  readonly created?: string;
  readonly author?: string;
  readonly config?: ImageRunConfig;
  readonly rootfs: { readonly type: "layers"; readonly diff_ids: readonly Digest[] };
  readonly history?: readonly HistoryEntry[];
}

/** A step by which an image was made. */
export interface HistoryEntry {
  readonly created?: string;
  readonly created_by?: string;
  readonly author?: string;
  readonly comment?: string;
  readonly empty_layer?: boolean;
}

/** An image of the store, complete: manifest, config and all layers are there. */
export interface Image {
  /** Docker's image id: the digest of the config. */
  readonly id: Digest;
  readonly manifestDescriptor: Descriptor;
  readonly manifest: ImageManifest;
  readonly config: ImageConfig;
  /** Names, canonical: `docker.io/library/redis:7`. */
  readonly tags: readonly string[];
  /** `docker.io/library/redis@sha256:…`: where it was pulled from, by the digest it was asked or answered with. */
  readonly repoDigests: readonly string[];
}
