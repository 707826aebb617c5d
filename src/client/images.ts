import type { Readable } from "node:stream";
import { hasCode } from "../internal/errors";
import { encodeFilters, type Filters } from "../wire/filters";
import type { ImageInspect, ImageSummary } from "../wire/image";
import type { ProgressLine } from "../wire/progress";
import { encodeRegistryAuth, type RegistryAuth } from "../wire/registry-auth";
import type { HostImageBody, HostImageBuilt } from "../wire/session";
import { readProgress } from "./progress";
import type { Transport } from "./transport";

export interface ImagesClient {
  inspect(name: string): Promise<ImageInspect>;
  exists(name: string): Promise<boolean>;
  list(filters?: Filters): Promise<readonly ImageSummary[]>;
  /** Resolves at the end of the pull. An error the daemon tells in the middle of its progress is thrown. */
  pull(request: PullRequest): Promise<void>;
  tag(name: string, target: { readonly repo: string; readonly tag: string }): Promise<void>;
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>;
  /** An image archive, as `docker save` writes it, or an OCI layout. */
  load(archive: Readable): Promise<void>;
  /** Own engine only: an image made of programs of the engine's machine. */
  buildHostImage(body: HostImageBody): Promise<HostImageBuilt>;
}

export interface PullRequest {
  readonly name: string;
  /** Tag or digest. */
  readonly tag: string;
  readonly platform?: string | undefined;
  readonly auth?: RegistryAuth;
  readonly onProgress?: (line: ProgressLine) => void;
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
    pull: async ({ name, tag, platform, auth, onProgress, signal }) => {
      const answer = await transport.open("POST", "/images/create", {
        query: { fromImage: name, tag, platform },
        headers: auth === undefined ? {} : { "x-registry-auth": encodeRegistryAuth(auth) },
        ...(signal === undefined ? {} : { signal }),
      });
      await readProgress(answer, onProgress);
    },
    tag: (name, target) => transport.call<void>("POST", at(name, "/tag"), { query: { ...target } }),
    remove: (name, { force = false } = {}) => transport.call<void>("DELETE", at(name), { query: { force } }),
    load: async (archive) => readProgress(await transport.open("POST", "/images/load", { bodyStream: archive })),
    buildHostImage: (body) => transport.call("POST", "/runcible/images/host", { body }),
  };
}
