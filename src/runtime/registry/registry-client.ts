import type { Readable } from "node:stream";
import { RuncibleError } from "../../internal/errors";
import { type Descriptor, mediaTypes } from "../image/descriptor";
import { type Digest, digestOf, isDigest } from "../image/digest";
import { canonicalName, type ImageReference } from "../image/reference";
import { parseChallenge } from "./challenge";
import { type HttpResponse, openRegistryHttp, type RegistryHttp } from "./http";
import { hostOf, type RegistryCredentials, type RegistrySettings } from "./settings";
import { basicHeader, fetchToken } from "./token";

export interface FetchedManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** OCI distribution specification, the pulling half, for one repository. */
export interface Repository {
  /** By tag or digest, its digest verified. Throws `image-exists-nowhere`, `registry-unauthorized`, `registry-*`. */
  manifest(tagOrDigest: string): Promise<FetchedManifest>;
  /** A blob from `offset` on. `isWhole`: the registry ignored the offset and sends everything. */
  blob(digest: Digest, offset: number): Promise<{ readonly body: Readable; readonly isWhole: boolean }>;
}

export interface RegistryClient {
  open(request: {
    readonly reference: ImageReference;
    readonly credentials: RegistryCredentials | undefined;
    readonly signal: AbortSignal;
    /** Base URL of a mirror to use in place of the registry. */
    readonly mirror?: string;
  }): Promise<Repository>;
  /** Throws `registry-unauthorized`. */
  checkLogin(domain: string, credentials: RegistryCredentials, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

const manifestTypes = [
  mediaTypes.ociIndex,
  mediaTypes.ociManifest,
  mediaTypes.dockerIndex,
  mediaTypes.dockerManifest,
].join(", ");
const manifestLimit = 4 * 1024 * 1024;

export function createRegistryClient(settings: RegistrySettings): RegistryClient {
  const http = openRegistryHttp(settings);
  /** Authorization headers that a registry has accepted, by registry, scope and user. */
  const granted = new Map<string, string>();

  const authorized = async (registry: URL, request: AuthorizedRequest): Promise<HttpResponse> => {
    const { path, headers = {}, scope, credentials, signal } = request;
    const url = new URL(path, registry);
    const key = `${registry.origin} ${scope} ${credentials?.username ?? ""}`;
    const known = credentials?.registryToken ? `Bearer ${credentials.registryToken}` : granted.get(key);
    const first = await http.send({ url, headers: { ...headers, ...(known ? { authorization: known } : {}) }, signal });
    if (first.statusCode !== 401) return first;
    await first.body.dump();
    const authorization = await answerChallenge(http, first, { registry, scope, credentials, signal });
    if (authorization === undefined) return first;
    const second = await http.send({ url, headers: { ...headers, authorization }, signal });
    if (second.statusCode !== 401) granted.set(key, authorization);
    return second;
  };

  return {
    open: async ({ reference, credentials, signal, mirror }) => {
      const registry = mirror === undefined ? await registryUrl(http, reference.domain, signal) : new URL(mirror);
      const scope = `repository:${reference.path}:pull`;
      const get = (path: string, headers: Readonly<Record<string, string>> = {}): Promise<HttpResponse> =>
        authorized(registry, { path: `/v2/${reference.path}/${path}`, headers, scope, credentials, signal });
      return {
        manifest: (tagOrDigest) => fetchManifest(reference, tagOrDigest, get),
        blob: (digest, offset) => fetchBlob(reference, { digest, offset }, get),
      };
    },
    checkLogin: async (domain, credentials, signal) => {
      const registry = await registryUrl(http, domain, signal);
      const response = await authorized(registry, { path: "/v2/", scope: "", credentials, signal });
      await response.body.dump();
      if (response.statusCode !== 200) {
        throw new RuncibleError(
          "registry-unauthorized",
          `log in to ${domain}: unauthorized: incorrect username or password (status ${response.statusCode})`,
        );
      }
    },
    close: () => http.close(),
  };
}

interface AuthorizedRequest {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly scope: string;
  readonly credentials: RegistryCredentials | undefined;
  readonly signal: AbortSignal;
}

async function registryUrl(http: RegistryHttp, domain: string, signal: AbortSignal): Promise<URL> {
  const host = hostOf(domain);
  return new URL(`${await http.schemeOf(host, signal)}://${host}`);
}

/** The header that answers a 401; undefined when there is nothing to answer with. */
async function answerChallenge(
  http: RegistryHttp,
  response: HttpResponse,
  request: Omit<AuthorizedRequest, "path"> & { readonly registry: URL },
): Promise<string | undefined> {
  const header = response.headers["www-authenticate"];
  const challenge = parseChallenge(Array.isArray(header) ? header[0] : header);
  if (challenge === undefined) return undefined;
  if (challenge.scheme === "basic") return basicHeader(request.credentials)["authorization"];
  const scope = request.scope === "" ? (challenge.scope ?? "") : request.scope;
  return `Bearer ${await fetchToken(http, { ...request, challenge, scope })}`;
}

type Get = (path: string, headers?: Readonly<Record<string, string>>) => Promise<HttpResponse>;

async function fetchManifest(reference: ImageReference, tagOrDigest: string, get: Get): Promise<FetchedManifest> {
  const response = await get(`manifests/${tagOrDigest}`, { accept: manifestTypes });
  const bytes = await bodyOf(response, reference);
  if (response.statusCode !== 200) throw refused(reference, response.statusCode, bytes);
  const digest = digestOf(bytes);
  if (isDigest(tagOrDigest) && tagOrDigest !== digest) {
    throw new RuncibleError(
      "digest-mismatch",
      `pull ${canonicalName(reference)}: the registry answers for manifest ${tagOrDigest} with content of digest ${digest}`,
    );
  }
  const contentType = response.headers["content-type"];
  const mediaType = (typeof contentType === "string" ? contentType.split(";", 1)[0] : "") ?? "";
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

async function bodyOf(response: HttpResponse, reference: ImageReference): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > manifestLimit) {
      response.body.destroy();
      throw new RuncibleError("registry-error", `pull ${canonicalName(reference)}: its manifest is larger than 4 MiB`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function fetchBlob(
  reference: ImageReference,
  { digest, offset }: { readonly digest: Digest; readonly offset: number },
  get: Get,
): Promise<{ body: Readable; isWhole: boolean }> {
  const response = await get(`blobs/${digest}`, offset > 0 ? { range: `bytes=${offset}-` } : {});
  const { statusCode, headers, body } = response;
  if (statusCode === 200) return { body, isWhole: true };
  if (statusCode === 206 && String(headers["content-range"]).startsWith(`bytes ${offset}-`)) {
    return { body, isWhole: false };
  }
  if (statusCode === 206 || statusCode === 416) {
    // It cannot do ranges after all: from the beginning, then.
    await body.dump();
    return await fetchBlob(reference, { digest, offset: 0 }, get);
  }
  throw refused(reference, statusCode, await bodyOf(response, reference));
}

/** OCI distribution specification, "Error Codes". */
function refused(reference: ImageReference, status: number, body: Buffer): RuncibleError {
  const name = canonicalName(reference);
  const said = saidIn(body);
  if (status === 401 || status === 403) {
    return new RuncibleError(
      "registry-unauthorized",
      `pull access denied for ${reference.path}, repository does not exist or may require 'docker login': ${said || `status ${status}`}`,
    );
  }
  if (status === 404) {
    return new RuncibleError(
      "image-exists-nowhere",
      `manifest for ${name} not found: manifest unknown: ${said || "manifest unknown"}`,
    );
  }
  return new RuncibleError("registry-error", `pull ${name}: the registry answers with status ${status}: ${said}`);
}

function saidIn(body: Buffer): string {
  try {
    const { errors } = JSON.parse(body.toString("utf8")) as { errors?: readonly { message?: unknown }[] };
    return String(errors?.[0]?.message ?? "").slice(0, 500);
  } catch {
    return "";
  }
}
