import type { Readable } from "node:stream";
import type { Filters } from "../../wire/filters";
import type { ProgressLine } from "../../wire/progress";
import type { RegistryAuth } from "../../wire/registry-auth";

/**
 * Images. `name` is a reference as typed, `name@sha256:…`, or a full or short id with or without `sha256:`. Every
 * method that takes one throws `image-not-found` ("No such image: …", with the familiar name and tag) when the store
 * has none.
 */
export interface ImageService {
  list(options: { readonly all: boolean; readonly filters: Filters }): Promise<readonly ImageView[]>;
  inspect(name: string): Promise<ImageView>;
  history(name: string): Promise<readonly HistoryEntry[]>;
  /**
   * The first item comes only when the registry has answered, so errors before it can still be an HTTP status; the last
   * is Docker's "Status: …" line, by which docker-java judges the pull.
   */
  pull(request: PullRequest): AsyncIterable<ProgressLine>;
  /** The first item comes at once; every failure, also that there is no such image, is thrown after it. */
  push(request: PushRequest): AsyncIterable<ProgressLine>;
  /** An archive that is an OCI layout and what `docker save` writes. Throws `image-not-found` before any byte. */
  save(names: readonly string[], signal: AbortSignal): Promise<Readable>;
  /** Reads an OCI layout or docker-save archive, compressed or not. */
  load(request: LoadRequest): AsyncIterable<ProgressLine>;
  /** An image of one layer, which is the archive of a whole filesystem. */
  importFilesystem(request: ImportRequest): AsyncIterable<ProgressLine>;
  /** What a registry has for a name. Throws `image-exists-nowhere`, `registry-*`. */
  describe(name: string, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<DescribedImage>;
  /** The hosts that a pull would ask, by name. Throws `registries-conf-invalid`. */
  registriesOf(name: string): Promise<readonly string[]>;
  tag(name: string, repository: string, tag: string): Promise<void>;
  /** Throws `image-in-use`. */
  remove(name: string, options: { readonly force: boolean }): Promise<readonly ImageRemoval[]>;
  prune(filters: Filters): Promise<{ readonly removals: readonly ImageRemoval[]; readonly reclaimedBytes: number }>;
  /**
   * An image made of programs of this machine, with the libraries they need. Throws `tool-missing`, `invalid-argument`.
   */
  buildHost(request: HostImageRequest): Promise<{ readonly id: string }>;
  /** Throws `registry-unauthorized`. */
  checkLogin(auth: RegistryAuth, signal: AbortSignal): Promise<{ readonly identityToken: string }>;
}

export interface PullRequest {
  /** Repository, or a whole reference. */
  readonly image: string;
  /** Tag or digest; empty: as in `image`, else `latest`. */
  readonly tag: string;
  /** Where neither names one, all tags are pulled. Default: false. */
  readonly allTags?: boolean;
  readonly platform?: string;
  /** For the registry that the name begins with. */
  readonly auth?: RegistryAuth;
  /** By host, for all that may be asked in its place. */
  readonly auths: ReadonlyMap<string, RegistryAuth>;
  readonly signal: AbortSignal;
}

export interface PushRequest {
  /** Repository, or a whole reference. */
  readonly name: string;
  /** Empty: as in `name`, else all tags of the repository. */
  readonly tag: string;
  readonly auth?: RegistryAuth;
  readonly signal: AbortSignal;
}

export interface LoadRequest {
  readonly archive: Readable;
  /** Nothing is said of single layers. */
  readonly isQuiet: boolean;
  readonly signal: AbortSignal;
}

export interface ImportRequest {
  /** `-`: the body; else a URL. */
  readonly source: string;
  readonly body: Readable;
  /** Name of the image; empty: none. */
  readonly reference: string;
  readonly message: string;
  /** Dockerfile instructions, as commit takes them. */
  readonly changes: readonly string[];
  readonly platform?: string;
  readonly signal: AbortSignal;
}

export interface DescribedImage {
  readonly descriptor: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly platforms: readonly { readonly architecture: string; readonly os: string; readonly variant?: string }[];
}

export interface HostImageRequest {
  /** Reference to tag the image with. */
  readonly name: string;
  /** Names on PATH or absolute paths. */
  readonly executables: readonly string[];
  /** Files and folders that come along as they are. */
  readonly paths: readonly string[];
  readonly config: ImageRunConfigView;
  readonly signal: AbortSignal;
}

export interface ImageView {
  /** `sha256:…` */
  readonly id: string;
  /** Familiar: `redis:7`. */
  readonly tags: readonly string[];
  /** Familiar: `redis@sha256:…`. */
  readonly repoDigests: readonly string[];
  /** RFC 3339. */
  readonly createdAt: string;
  readonly architecture: string;
  readonly os: string;
  readonly variant?: string;
  readonly author: string;
  /** Of whoever made the last step. */
  readonly comment: string;
  readonly sizeBytes: number;
  /** Docker's name for how layers are kept: `overlay2`. */
  readonly storageDriver: string;
  /** Diff ids, lowest first. */
  readonly layers: readonly string[];
  /** The image's `config`, Docker's keys. */
  readonly config: ImageRunConfigView;
}

export interface ImageRunConfigView {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly Healthcheck?: object;
  readonly Shell?: readonly string[];
  readonly OnBuild?: readonly string[];
}

export interface HistoryEntry {
  readonly createdAt: string;
  readonly createdBy: string;
  readonly comment: string;
  /** `<missing>` for all but the newest. */
  readonly id: string;
  readonly sizeBytes: number;
  readonly tags: readonly string[];
}

export type ImageRemoval = { readonly untagged: string } | { readonly deleted: string };
