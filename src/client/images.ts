import type { Readable } from "node:stream";
import { hasCode, RuncibleError } from "../internal/errors";
import { encodeFilters, type Filters } from "../wire/filters";
import type { ImageDeleted, ImageHistoryEntry, ImageInspect, ImageSummary } from "../wire/image";
import type { ProgressLine } from "../wire/progress";
import { encodeRegistryAuth, encodeRegistryConfig, type RegistryAuth } from "../wire/registry-auth";
import type { HostImageBody, HostImageBuilt, ImageRegistries } from "../wire/session";
import { readProgress } from "./progress";
import type { Transport } from "./transport";

export interface ImagesClient {
  inspect(name: string): Promise<ImageInspect>;
  exists(name: string): Promise<boolean>;
  list(filters?: Filters): Promise<readonly ImageSummary[]>;
  /** Resolves at the end of the pull. An error the daemon tells in the middle of its progress is thrown. */
  pull(request: PullRequest): Promise<void>;
  /** Resolves to the digest of what the registry now has. An error in the middle of the progress is thrown. */
  push(request: PushRequest): Promise<string>;
  /**
   * Own engine only: the hosts that a pull of an image would ask. None when it cannot tell: the pull says what is
   * wrong.
   */
  registriesOf(name: string): Promise<readonly string[]>;
  /** Images with their names as one archive, for `load` here or anywhere. The caller reads or destroys it. */
  save(names: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<Readable>;
  /** An image of one layer, the archive of a whole filesystem, compressed or not. Resolves to its id. */
  importFilesystem(request: ImportFilesystemRequest): Promise<string>;
  history(name: string): Promise<readonly ImageHistoryEntry[]>;
  tag(name: string, target: { readonly repo: string; readonly tag: string }): Promise<void>;
  remove(name: string, options?: { readonly force?: boolean }): Promise<readonly ImageDeleted[]>;
  /** An image archive, as `docker save` writes it, or an OCI layout. */
  load(archive: Readable, onProgress?: (line: ProgressLine) => void): Promise<void>;
  /** Own engine only: an image made of programs of the engine's machine. */
  buildHostImage(body: HostImageBody): Promise<HostImageBuilt>;
}

export interface PullRequest {
  readonly name: string;
  /** Tag or digest. */
  readonly tag: string;
  readonly platform?: string | undefined;
  readonly auth?: RegistryAuth;
  /** Own engine only: by host, for registries that it asks in place of the named one. */
  readonly auths?: ReadonlyMap<string, RegistryAuth>;
  readonly onProgress?: (line: ProgressLine) => void;
  readonly signal?: AbortSignal;
}

export interface PushRequest {
  readonly name: string;
  readonly tag: string;
  readonly auth?: RegistryAuth;
  readonly onProgress?: (line: ProgressLine) => void;
  readonly signal?: AbortSignal;
}

export interface ImportFilesystemRequest {
  readonly archive: Readable;
  /** Default: the image gets no name. */
  readonly name?: string;
  readonly message?: string;
  /** Dockerfile instructions: `CMD ["redis-server"]`. */
  readonly changes?: readonly string[];
  readonly platform?: string;
  readonly signal?: AbortSignal;
}

export function createImagesClient(transport: Transport): ImagesClient {
  // Slashes and colons of a name belong into the path as they are.
  const at = (name: string, action = ""): string => `/images/${encodeURI(name)}${action}`;
  const inspect = (name: string): Promise<ImageInspect> => transport.call("GET", at(name, "/json"));

  return {
    inspect,
    exists: async (name) => {
      try {
        await inspect(name);
        return true;
      } catch (error) {
        if (hasCode(error, "image-not-found")) return false;
        throw error;
      }
    },
    list: (filters) =>
      transport.call(
        "GET",
        "/images/json",
        filters === undefined ? {} : { query: { filters: encodeFilters(filters) } },
      ),
    pull: async ({ name, tag, platform, auth, auths, onProgress, signal }) => {
      const answer = await transport.open("POST", "/images/create", {
        query: { fromImage: name, tag, platform },
        headers: {
          ...(auth === undefined ? {} : { "x-registry-auth": encodeRegistryAuth(auth) }),
          ...(auths === undefined ? {} : { "x-registry-config": encodeRegistryConfig(auths) }),
        },
        ...(signal === undefined ? {} : { signal }),
      });
      await readProgress(answer, onProgress);
    },
    registriesOf: (name) => registriesOf(transport, name),
    push: (request) => push(transport, at(request.name, "/push"), request),
    save: (names, { signal } = {}) =>
      transport.open("GET", "/images/get", { query: { names }, ...(signal === undefined ? {} : { signal }) }),
    importFilesystem: (request) => importFilesystem(transport, request),
    history: (name) => transport.call("GET", at(name, "/history")),
    tag: (name, target) => transport.send("POST", at(name, "/tag"), { query: { ...target } }),
    remove: (name, { force = false } = {}) => transport.call("DELETE", at(name), { query: { force } }),
    load: async (archive, onProgress) =>
      readProgress(await transport.open("POST", "/images/load", { bodyStream: archive }), onProgress),
    buildHostImage: (body) => transport.call("POST", "/runcible/images/host", { body }),
  };
}

async function registriesOf(transport: Transport, name: string): Promise<readonly string[]> {
  try {
    const answer = await transport.call<ImageRegistries>("GET", "/runcible/images/registries", { query: { name } });
    return answer.Registries;
  } catch {
    // Of another daemon's answer nothing follows either: what stands before it may refuse paths that it does not know.
    return [];
  }
}

async function push(
  transport: Transport,
  path: string,
  { tag, auth, onProgress, signal }: PushRequest,
): Promise<string> {
  const answer = await transport.open("POST", path, {
    query: { tag },
    // Daemons up to 26 insist on the header; this is nobody.
    headers: { "x-registry-auth": encodeRegistryAuth(auth ?? {}) },
    ...(signal === undefined ? {} : { signal }),
  });
  let digest: string | undefined;
  await readProgress(answer, (line) => {
    digest = digestIn(line.aux) ?? digest;
    onProgress?.(line);
  });
  if (digest !== undefined) return digest;
  throw new RuncibleError("api-error", "push image: the daemon ended its answer without a digest");
}

function digestIn(aux: unknown): string | undefined {
  if (typeof aux !== "object" || aux === null || !("Digest" in aux)) return undefined;
  return typeof aux.Digest === "string" ? aux.Digest : undefined;
}

async function importFilesystem(transport: Transport, request: ImportFilesystemRequest): Promise<string> {
  const { archive, name, message, changes, platform, signal } = request;
  const answer = await transport.open("POST", "/images/create", {
    query: { fromSrc: "-", repo: name, message, changes, platform },
    bodyStream: archive,
    ...(signal === undefined ? {} : { signal }),
  });
  let id: string | undefined;
  await readProgress(answer, ({ status }) => {
    if (status?.startsWith("sha256:")) id = status;
  });
  if (id !== undefined) return id;
  throw new RuncibleError("api-error", "import image: the daemon ended its answer without an image");
}
