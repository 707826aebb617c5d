import type { Readable } from "node:stream";
import type { Filters } from "../../wire/filters";
import type { ProgressLine } from "../../wire/progress";
import type { RegistryAuth } from "../../wire/registry-auth";
import type { ExtraHost, ResourceSpec } from "./container-spec";

/** Images from Dockerfiles. */
export interface BuildService {
  /**
   * The first line comes when context and Dockerfile are read, so what is wrong with them is thrown before it; what
   * fails later is a last line with an error. A reader that stops cancels the build.
   */
  build(request: BuildImageRequest): AsyncIterable<ProgressLine>;
  /** The steps that are remembered, oldest first. */
  steps(): readonly BuildCacheView[];
  /**
   * Forgets steps, those used longest ago first, until no more than `keepBytes` is left, and caches of RUN. `filters`:
   * until, unused-for, id, type, inuse, shared, private, parent, description.
   */
  prune(request: {
    readonly filters: Filters;
    readonly keepBytes: number;
  }): Promise<{ readonly removed: readonly string[]; readonly reclaimedBytes: number }>;
}

export interface BuildCacheView {
  readonly id: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly usedAt: string;
  readonly sizeBytes: number;
  /** Always false so far: an image that has the layer keeps it anyway. */
  readonly isInUse: boolean;
}

export interface BuildImageRequest {
  /** Tar, plain or compressed. */
  readonly context: Readable;
  readonly dockerfile: string;
  /** As typed. */
  readonly tags: readonly string[];
  /** A name without a value (null) takes it from nowhere here: the client's environment is not the engine's. */
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target: string;
  readonly platform?: string;
  readonly isPullForced: boolean;
  readonly isCacheUsed: boolean;
  readonly isQuiet: boolean;
  readonly networkMode: string;
  readonly extraHosts: readonly ExtraHost[];
  readonly resources: ResourceSpec;
  /** By registry host. */
  readonly auths: ReadonlyMap<string, RegistryAuth>;
  readonly secrets: ReadonlyMap<string, Buffer>;
  /** Sockets of ssh agents, by id. */
  readonly agents: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}
