import { RuncibleError } from "../../internal/errors";
import { imageGrammar, longestImageName } from "../../internal/image-grammar";
import { type Digest, isDigest } from "./digest";

/** An image name with Docker's defaults filled in. Without a digest there is always a tag. */
export interface ImageReference {
  /** Registry host with its port, if any: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** Repository within the registry: `library/redis`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const defaultDomain = "docker.io";
const legacyDomain = "index.docker.io";
const officialPrefix = "library/";
const pathLimit = 255;

const domainPattern = new RegExp(`^${imageGrammar.host}$`);
const pathPattern = new RegExp(`^${imageGrammar.path}$`);
const tagPattern = new RegExp(`^${imageGrammar.tag}$`);
const idPattern = /^[0-9a-f]{64}$/;

/** Docker's grammar and defaults (docker.io, `library/`, `latest`). Throws `invalid-reference`. */
export function parseReference(text: string): ImageReference {
  if (text.length > longestImageName)
    throw invalid(`${text.slice(0, 64)}…`, `it is longer than ${longestImageName} characters`);
  if (text === "") throw invalid(text, "it is empty; name an image such as redis:7");
  if (idPattern.test(text)) throw invalid(text, "64 hexadecimal digits are an image id and cannot be a name");
  const { name, tag, digest } = splitSuffixes(text);
  const { domain, path } = splitDomain(name);
  if (path !== path.toLowerCase()) {
    throw invalid(text, `repository name (${path}) must be lowercase; write ${path.toLowerCase()}`);
  }
  if (!domainPattern.test(domain)) throw invalid(text, `"${domain}" is no registry host`);
  if (!pathPattern.test(path)) {
    throw invalid(text, `"${path}" is no repository name; use a-z, 0-9 and single separators . _ __ - /`);
  }
  if (path.length > pathLimit) throw invalid(text, `repository name must not be more than ${pathLimit} characters`);
  if (digest !== undefined) return { domain, path, ...(tag === undefined ? {} : { tag }), digest };
  return { domain, path, tag: tag ?? "latest" };
}

/** The whole name: `docker.io/library/redis:7`, with `@sha256:…` if the reference has a digest. */
export function canonicalName(reference: ImageReference): string {
  return repositoryOf(reference) + suffixOf(reference);
}

/** The name as Docker shows it: `redis:7`, `acme/app:1`, `quay.io/acme/app:1`. Parses to the same reference. */
export function familiarName(reference: ImageReference): string {
  return familiarRepository(reference) + suffixOf(reference);
}

/** Domain and path, without tag and digest: `docker.io/library/redis`. */
export function repositoryOf(reference: ImageReference): string {
  return `${reference.domain}/${reference.path}`;
}

/**
 * Whether a name says which image of its repository it means; else Docker's default is filled in. Throws
 * `invalid-reference`.
 */
export function namesOneImage(text: string): boolean {
  const { tag, digest } = splitSuffixes(text);
  return tag !== undefined || digest !== undefined;
}

/** Whether a text is a registry's host, alone or with the path of a repository or of the beginning of one. */
export function isRepositoryLocation(text: string): boolean {
  const [domain = "", ...path] = text.split("/");
  return domainPattern.test(domain) && (path.length === 0 || pathPattern.test(path.join("/")));
}

function splitSuffixes(text: string): { name: string; tag?: string; digest?: Digest } {
  const at = text.indexOf("@");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw invalid(text, 'after "@" comes a digest: "sha256:" and 64 hexadecimal digits');
  }
  const rest = at < 0 ? text : text.slice(0, at);
  // A colon before the last slash belongs to a port.
  const colon = rest.indexOf(":", rest.lastIndexOf("/") + 1);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  if (tag !== undefined && !tagPattern.test(tag)) {
    throw invalid(text, `"${tag}" is no tag; use up to 128 letters, digits, _ . -, not starting with . or -`);
  }
  const name = colon < 0 ? rest : rest.slice(0, colon);
  return { name, ...(tag === undefined ? {} : { tag }), ...(digest === undefined ? {} : { digest }) };
}

function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf("/");
  const first = slash < 0 ? "" : name.slice(0, slash);
  const rest = name.slice(slash + 1);
  if (!looksLikeDomain(first)) return { domain: defaultDomain, path: slash < 0 ? officialPrefix + name : name };
  const domain = first === legacyDomain ? defaultDomain : first;
  return { domain, path: domain === defaultDomain && !rest.includes("/") ? officialPrefix + rest : rest };
}

function looksLikeDomain(first: string): boolean {
  // Repositories have no upper case, so a first part with upper case can only be a host.
  return first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase();
}

function familiarRepository({ domain, path }: ImageReference): string {
  if (domain !== defaultDomain) return `${domain}/${path}`;
  const [first = "", second, ...more] = path.split("/");
  if (first === "library" && second !== undefined && more.length === 0) {
    return idPattern.test(second) ? `${domain}/${path}` : second;
  }
  // `docker.io/my.org/app` cut to `my.org/app` would name another registry.
  return looksLikeDomain(first) ? `${domain}/${path}` : path;
}

function suffixOf({ tag, digest }: ImageReference): string {
  return (tag === undefined ? "" : `:${tag}`) + (digest === undefined ? "" : `@${digest}`);
}

function invalid(text: string, reason: string): RuncibleError {
  return new RuncibleError("invalid-reference", `parse image reference "${text}": invalid reference format: ${reason}`);
}
