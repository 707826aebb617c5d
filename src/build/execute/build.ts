import type { Readable } from "node:stream";
import type { Mutex } from "../../internal/mutex";
import type { Platform } from "../../internal/platform";
import type { ContainerRun, NetworkRequest, RunRequest, RuntimeParts } from "../../runtime/container";
import type { ImageLease, ImageStore } from "../../runtime/image/image-store";
import type { Image } from "../../runtime/image/manifest";
import type { AuthorityPlace } from "../../runtime/registry/trust";
import type { ResourceLimits } from "../../runtime/runc/resources";
import type { BuildContext } from "../context/build-context";
import type { Variables } from "../dockerfile/expand";
import type { Dockerfile } from "../dockerfile/instruction";
import type { ArgSources } from "../plan/build-args";
import type { BuildPlan, Source } from "../plan/stage-plan";
import type { BuildCache } from "./build-cache";
import type { BuildEvent } from "./build-event";
import type { Snapshot } from "./snapshot";
import type { Stage } from "./stage-state";

/** A build as it was asked for; everything is decided here that the Dockerfile does not say. */
export interface BuildRequest {
  /** Tar, compressed or not. */
  readonly context: Readable;
  /** Path of the Dockerfile in the context. */
  readonly dockerfile: string;
  /** Canonical. */
  readonly tags: readonly string[];
  readonly buildArgs: Variables;
  readonly labels: Readonly<Record<string, string>>;
  /** Empty: the last stage. */
  readonly target: string;
  readonly platform?: Platform;
  /** Base images are asked for at their registry even if they are here. */
  readonly isPullForced: boolean;
  readonly isCacheUsed: boolean;
  /** Tells only the image's id. */
  readonly isQuiet: boolean;
  /** Network of RUN without a word of its own; as of a container. */
  readonly networkMode: string;
  readonly extraHosts: readonly { readonly host: string; readonly address: string }[];
  readonly limits: ResourceLimits;
  readonly shmSizeBytes?: number;
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** For RUN --mount=type=secret, by id. They are never written to the disk. */
  readonly secrets: ReadonlyMap<string, Buffer>;
  /** For RUN --mount=type=ssh: sockets of ssh agents, by id. */
  readonly agents: ReadonlyMap<string, string>;
  readonly signal: AbortSignal;
}

/** What a build needs of the engine that it runs in. */
export interface BuildHost {
  /** The store's image, or the registry's. Throws as `Puller.pull`. */
  baseImage(request: {
    readonly name: string;
    readonly platform?: Platform;
    readonly isPullForced: boolean;
    readonly signal: AbortSignal;
    readonly onEvent: (event: BuildEvent) => void;
  }): Promise<Image>;
  /** The network of a step. Throws `network-not-found`. */
  network(mode: string, hostname: string): Promise<NetworkRequest>;
  names(hostname: string, extraHosts: BuildRequest["extraHosts"]): RunRequest["names"];
  /** A command of a step runs now, for as long as the run lasts. */
  onStarted(run: ContainerRun): void;
}

/** What all builds of an engine share. */
export interface BuildParts {
  readonly images: ImageStore;
  readonly runtime: RuntimeParts;
  readonly cache: BuildCache;
  /** Folders of cache mounts, by key. */
  readonly cacheMounts: CacheMounts;
  /** On a tmpfs. */
  readonly secretsFolder: string;
  /** Authorities that sign for servers of ADD, beside Node's own list: see runtime/registry/trust.ts. */
  readonly authorities: readonly AuthorityPlace[];
}

export interface CacheMounts {
  readonly folder: string;
  /** One at a time: steps with `sharing=locked`, by key, and those that fill a folder. */
  readonly locks: Map<string, Mutex>;
  /** Names of folders that steps use now, one entry per step: `sharing=private` takes another, a prune leaves them. */
  readonly inUse: string[];
}

/** A build under way. */
export interface Build {
  readonly parts: BuildParts;
  readonly host: BuildHost;
  readonly request: BuildRequest;
  /** Aborted when the client left or another stage failed. */
  readonly signal: AbortSignal;
  /** Removed at the end. */
  readonly folder: string;
  readonly context: BuildContext;
  readonly dockerfile: Dockerfile;
  readonly plan: BuildPlan;
  readonly args: ArgSources & { readonly globals: Variables };
  readonly lease: ImageLease;
  /** Build args that some ARG asked for. */
  readonly usedArgs: Set<string>;
  /** A new name in the build's folder. */
  newFolder(): string;
  /** The result of a stage, which is begun if it was not. */
  stage(index: number): Promise<Stage>;
  image(name: string, onEvent: (event: BuildEvent) => void, platform?: Platform): Promise<Snapshot>;
  /** The files of a stage or an image, mounted until the build's end. */
  rootOf(source: Source): Promise<string>;
  rootOfSnapshot(snapshot: Snapshot): Promise<string>;
}
