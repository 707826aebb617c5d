import type { Readable } from "node:stream";
import { hasCode, RuncibleError } from "../../internal/errors";
import type { Descriptor } from "../image/descriptor";
import type { Digest } from "../image/digest";
import { familiarName, type ImageReference } from "../image/reference";
import type { AuthorizedRequest } from "./authorize";
import { type UploadSession, uploadBlob } from "./blob-upload";
import { followed, type HttpResponse } from "./http";
import { pushRefusalOf, smallBody } from "./refusal";
import type { RegistryCredentials, RegistrySettings } from "./settings";

export interface OutgoingBlob {
  readonly descriptor: Pick<Descriptor, "digest" | "size">;
  /** The blob's bytes from an offset on. */
  readonly read: (offset: number) => Readable;
  /** Repositories of the same registry that may have it: it is mounted from there then, and not sent. */
  readonly elsewhere: readonly string[];
  /** Bytes sent. */
  readonly onProgress: (current: number) => void;
}

/** OCI distribution specification, the pushing half, for one repository. All throw `registry-*`, `aborted`. */
export interface PushRepository {
  hasBlob(digest: Digest): Promise<boolean>;
  /** The repository that it was mounted from; undefined: it was sent. */
  pushBlob(blob: OutgoingBlob): Promise<string | undefined>;
  /** Throws `digest-mismatch` when the registry stored other bytes than it was sent. */
  pushManifest(tag: string, manifest: { readonly descriptor: Descriptor; readonly bytes: Buffer }): Promise<void>;
}

export interface PushRepositoryOptions {
  readonly send: (request: AuthorizedRequest) => Promise<HttpResponse>;
  readonly registry: URL;
  readonly reference: ImageReference;
  readonly credentials: RegistryCredentials | undefined;
  readonly settings: RegistrySettings;
  readonly signal: AbortSignal;
}

type Ask = (path: string, request?: Partial<AuthorizedRequest>) => Promise<HttpResponse>;

const mountTries = 3;

export function createPushRepository(options: PushRepositoryOptions): PushRepository {
  const { send, registry, reference, credentials, settings, signal } = options;
  const base = `/v2/${reference.path}`;
  const scope = `repository:${reference.path}:pull,push`;
  const ask: Ask = (path, request = {}) => send({ registry, path, scope, credentials, signal, ...request });
  const refuse = async (response: HttpResponse): Promise<never> => {
    throw pushRefusalOf(reference, response, await smallBody(response, reference, "push"));
  };
  const locationOf = ({ headers }: HttpResponse, from: URL): URL => {
    if (typeof headers["location"] === "string") return followed(headers["location"], from, settings);
    throw new RuncibleError(
      "registry-error",
      `push ${familiarName(reference)}: the registry names no place to send to`,
    );
  };
  const uploads = `${base}/blobs/uploads/`;

  const hasBlob = async (digest: Digest): Promise<boolean> => {
    const response = await ask(`${base}/blobs/${digest}`, { method: "HEAD" });
    if (response.statusCode !== 200 && response.statusCode !== 404) return await refuse(response);
    await response.body.discard();
    return response.statusCode === 200;
  };

  const begin = async (): Promise<UploadSession> => {
    const response = await ask(uploads, { method: "POST", headers: { "content-length": "0" } });
    if (response.statusCode !== 202) return await refuse(response);
    await response.body.discard();
    return { location: locationOf(response, new URL(uploads, registry)), offset: 0 };
  };

  const pushBlob = async ({ descriptor, read, elsewhere, onProgress }: OutgoingBlob): Promise<string | undefined> => {
    for (const from of elsewhere.slice(0, mountTries)) {
      const isMounted = await isMountedFrom(ask, uploads, { digest: descriptor.digest, from, scope });
      if (isMounted) return from;
    }
    await uploadBlob({
      ...{ descriptor, read, begin, locationOf, refuse, settings, signal, onProgress },
      begun: await begin(),
      exists: () => hasBlob(descriptor.digest),
      send: (url, request) => ask(url.href, { ...request, isTriedOnce: true }),
    });
    return undefined;
  };

  const pushManifest: PushRepository["pushManifest"] = async (tag, { descriptor, bytes }) => {
    const response = await ask(`${base}/manifests/${tag}`, {
      method: "PUT",
      headers: { "content-type": descriptor.mediaType },
      body: bytes,
    });
    if (response.statusCode !== 201 && response.statusCode !== 202) return await refuse(response);
    await response.body.discard();
    const stored = response.headers["docker-content-digest"];
    if (stored === undefined || stored === descriptor.digest) return;
    throw new RuncibleError(
      "digest-mismatch",
      `push ${familiarName(reference)}: the registry stored ${String(stored)}, not ${descriptor.digest}`,
    );
  };

  return { hasBlob, pushBlob, pushManifest };
}

/** A refusal is no failure: the blob is sent then. The session that a registry opens instead times out there. */
async function isMountedFrom(
  ask: Ask,
  uploads: string,
  { digest, from, scope }: { readonly digest: Digest; readonly from: string; readonly scope: string },
): Promise<boolean> {
  try {
    const response = await ask(`${uploads}?${new URLSearchParams({ mount: digest, from })}`, {
      method: "POST",
      headers: { "content-length": "0" },
      scope: `${scope} repository:${from}:pull`,
    });
    await response.body.discard();
    return response.statusCode === 201;
  } catch (error) {
    if (hasCode(error, "registry-unauthorized") || hasCode(error, "registry-error")) return false;
    throw error;
  }
}
