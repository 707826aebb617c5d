import { RuncibleError } from "../../internal/errors";
import { type ApiVersion, apiVersion, checkVersion, parseVersion } from "../../wire/versions";

/** A request's URL, taken apart. */
export interface RequestTarget {
  /** Without version prefix and query, still percent-encoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The engine's own if the path has no version. */
  readonly apiVersion: ApiVersion;
}

/**
 * Throws `invalid-argument` for a version this engine does not speak. What only looks like a version stays in the path.
 */
export function parseTarget(url: string): RequestTarget {
  const [whole = "", queryText = ""] = splitOnce(withoutHost(url), "?");
  const query = new URLSearchParams(queryText);
  const match = /^\/v(\d+\.\d+)(?=\/|$)/.exec(whole);
  const version = match?.[1] === undefined ? undefined : parseVersion(match[1]);
  if (match === null || version === undefined) return { path: whole, query, apiVersion };
  checkVersion(version);
  return { path: whole.slice(match[0].length), query, apiVersion: version };
}

/** The URL with one slash where its path has several; undefined when it has not. */
export function withoutEmptyParts(url: string): string | undefined {
  const [path = "", query] = splitOnce(withoutHost(url), "?");
  if (!path.includes("//")) return undefined;
  return [path.replace(/\/{2,}/g, "/"), ...(query === undefined ? [] : [query])].join("?");
}

/** Clients may send the whole of it. */
function withoutHost(url: string): string {
  return url.replace(/^https?:\/\/[^/]*/i, "");
}

/** Throws `invalid-argument`. */
export function decodePathPart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new RuncibleError("invalid-argument", `read path: "${part}" is not percent-encoded`, { cause });
  }
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
