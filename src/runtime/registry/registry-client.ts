import { RuncibleError } from "../../internal/errors";
import { type Descriptor, mediaTypes } from "../image/descriptor";
import { digestOf, isDigest } from "../image/digest";
import { familiarName, type ImageReference } from "../image/reference";
import { createAuthorizer } from "./authorize";
import { downloadBlob } from "./blob-download";
import { type HttpResponse, openRegistryHttp, type RegistryHttp } from "./http";
import { createPushRepository, type PushRepository } from "./push-repository";
import { refusalOf, smallBody } from "./refusal";
import { hostOf, type RegistryCredentials, type RegistrySettings } from "./settings";
import { fetchTags } from "./tag-list";

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** OCI distribution specification, the pulling half, for one repository. */
export interface Repository {
  /**
   * By tag or digest, its digest verified. Throws `image-exists-nowhere`, `digest-mismatch`, `registry-*`, `aborted`.
   */
  manifest(tagOrDigest: string, signal: AbortSignal): Promise<FetchedManifest>;
  /** All of them, in the registry's order. Throws `image-exists-nowhere`, `registry-*`, `aborted`. */
  tags(signal: AbortSignal): Promise<readonly string[]>;
  /**
   * From `offset` to the end, in as many requests as it takes; not verified. Throws as `downloadBlob`, `registry-*`.
   */
  blob(descriptor: Descriptor, offset: number, signal: AbortSignal): AsyncGenerator<Buffer, void, void>;
}

export interface RegistryClient {
  open(request: {
    readonly reference: ImageReference;
    readonly credentials: RegistryCredentials | undefined;
    readonly signal: AbortSignal;
    /** Base URL of a mirror to use in place of the registry. */
    readonly mirror?: string;
  }): Promise<Repository>;
  /** The pushing half, for one repository; never at a mirror. */
  openForPush(request: {
    readonly reference: ImageReference;
    readonly credentials: RegistryCredentials | undefined;
    readonly signal: AbortSignal;
  }): Promise<PushRepository>;
  /** Throws `registry-unauthorized`, `registry-error`, `registry-unreachable`. */
  checkLogin(domain: string, credentials: RegistryCredentials, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const manifestTypes = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerIndex,
  mediaTypes.dockerManifest,
].join(", ");

export function createRegistryClient(settings: RegistrySettings): RegistryClient {
  const http = openRegistryHttp(settings);
  const send = createAuthorizer(http);
  return {
    open: async ({ reference, credentials, signal: opening, mirror }) => {
      const registry = mirror === undefined ? await registryUrl(http, reference.domain, opening) : new URL(mirror);
      const scope = `repository:${reference.path}:pull`;
      const get = (path: string, headers: Readonly<Record<string, string>>, signal: AbortSignal) =>
        send({ registry, path: `/v2/${reference.path}/${path}`, headers, scope, credentials, signal });
      return {
        manifest: (tagOrDigest, signal) =>
          http.whole(
            registry.host,
            () => fetchManifest(reference, tagOrDigest, (path, headers) => get(path, headers, signal)),
            signal,
          ),
        tags: (signal) =>
          http.whole(
            registry.host,
            () =>
              fetchTags(reference, (path) =>
                send({ registry, path, headers: { accept: "application/json" }, scope, credentials, signal }),
              ),
            signal,
          ),
        blob: (descriptor, offset, signal) =>
          downloadBlob({
            ...{ descriptor, offset, settings, signal },
            request: async (headers) =>
              acceptBlob(reference, descriptor, await get(`blobs/${descriptor.digest}`, headers, signal)),
          }),
      };
    },
    openForPush: async ({ reference, credentials, signal }) => {
      const registry = await registryUrl(http, reference.domain, signal);
      return createPushRepository({ send, registry, reference, credentials, settings, signal });
    },
    checkLogin: (domain, credentials, signal) => checkLogin(http, { domain, credentials, signal }),
    close: () => http.close(),
  };
}

async function registryUrl(http: RegistryHttp, domain: string, signal: AbortSignal): Promise<URL> {
  const host = hostOf(domain);
  return new URL(`${await http.schemeOf(host, signal)}://${host}`);
}

async function checkLogin(
  http: RegistryHttp,
  { domain, credentials, signal }: { domain: string; credentials: RegistryCredentials; signal: AbortSignal },
): Promise<void> {
  const registry = await registryUrl(http, domain, signal);
  // An authorizer of its own: what was granted earlier proves nothing about these credentials.
  const response = await createAuthorizer(http)({ registry, path: "/v2/", scope: "", credentials, signal });
  await response.body.discard();
  const { statusCode } = response;
  if (statusCode === 200) return;
  if (statusCode === 401 || statusCode === 403) {
    throw new RuncibleError(
      "registry-unauthorized",
      `log in to ${domain}: unauthorized: incorrect username or password (status ${statusCode})`,
    );
  }
  throw new RuncibleError("registry-error", `log in to ${domain}: status ${statusCode}; is it a registry?`);
}

type Get = (path: string, headers: Readonly<Record<string, string>>) => Promise<HttpResponse>;

async function fetchManifest(reference: ImageReference, tagOrDigest: string, get: Get): Promise<FetchedManifest> {
  const response = await get(`manifests/${tagOrDigest}`, { accept: manifestTypes });
  const bytes = await smallBody(response, reference);
  if (response.statusCode !== 200) throw refusalOf(reference, response, bytes);
  const digest = digestOf(bytes);
  if (isDigest(tagOrDigest) && tagOrDigest !== digest) {
    throw new RuncibleError(
      "digest-mismatch",
      `pull ${familiarName(reference)}: the registry answers for manifest ${tagOrDigest} with content of digest ${digest}`,
    );
  }
  checkAnnounced(reference, tagOrDigest, String(response.headers["docker-content-digest"] ?? ""), digest);
  const contentType = String(response.headers["content-type"] ?? "");
  return { descriptor: { mediaType: contentType.replace(/;.*$/, "").trim(), digest, size: bytes.length }, bytes };
}

/** By a tag nothing else says what is to come. Registries need not say it, and may by another algorithm. */
function checkAnnounced(reference: ImageReference, tag: string, announced: string, digest: string): void {
  if (!announced.startsWith("sha256:") || announced === digest) return;
  throw new RuncibleError(
    "digest-mismatch",
    `pull ${familiarName(reference)}: the registry announces ${announced} for manifest ${tag} and sends content of digest ${digest}`,
  );
}

async function acceptBlob(
  reference: ImageReference,
  { digest }: Descriptor,
  response: HttpResponse,
): Promise<HttpResponse> {
  if ([200, 206, 416].includes(response.statusCode)) return response;
  const body = await smallBody(response, reference);
  if (response.statusCode === 404) {
    throw new RuncibleError("registry-error", `pull ${familiarName(reference)}: the registry lacks its blob ${digest}`);
  }
  throw refusalOf(reference, response, body);
}
