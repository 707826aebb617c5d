import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { SecureContext } from "node:tls";
import type { Dispatcher } from "undici";
import { messageOf, RuncibleError } from "../../internal/errors";
import { shownUrl } from "../../internal/shown-url";
import { withoutPasswords } from "../../internal/without-passwords";
import { diskError } from "../../runtime/image/disk-error";
import { type AuthorityPlace, isUntrusted, trustedBy, uselessPlaces } from "../../runtime/registry/trust";
import { undici } from "../../runtime/registry/undici";

export function isUrl(source: string): boolean {
  return /^https?:\/\//i.test(source);
}

/** Git repositories, which this builder leaves out. */
export function isGitSource(source: string): boolean {
  return /^(git:\/\/|git@|ssh:\/\/)|\.git(#.*)?$/i.test(source);
}

const redirectLimit = 10;

/** Fetches a URL into a folder. Throws `invalid-argument` when it is not to be had, `digest-mismatch`. */
export async function download(
  url: string,
  folder: string,
  options: {
    readonly checksum?: string;
    readonly signal: AbortSignal;
    readonly authorities: readonly AuthorityPlace[];
  },
): Promise<{ readonly path: string; readonly name: string }> {
  const { checksum, signal, authorities } = options;
  const hash = createHash("sha256");
  await mkdir(folder, { recursive: true });
  if (!URL.canParse(url)) {
    throw new RuncibleError("invalid-argument", `ADD ${withoutPasswords(url)}: it is no URL; check it`);
  }
  const start = new URL(url);
  const { body, headers, finalUrl } = await open(start, signal, authorities);
  const name = nameIn(finalUrl) || nameIn(start);
  const path = join(folder, "content");
  try {
    await pipeline(
      body,
      async function* (source: AsyncIterable<Buffer>) {
        for await (const chunk of source) {
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(path, { mode: 0o600 }),
      { signal },
    );
  } catch (cause) {
    const step = `download ${shownUrl(url)}`;
    const explained = diskError(step, cause);
    if (explained instanceof RuncibleError) throw explained;
    throw new RuncibleError("invalid-argument", `${step}: ${messageOf(cause)}`, { cause });
  }
  const digest = `sha256:${hash.digest("hex")}`;
  if (checksum !== undefined && digest !== checksum) {
    throw new RuncibleError("digest-mismatch", `digest mismatch ${digest}: ${checksum} of ${shownUrl(url)}`);
  }
  const modified = Date.parse(String(headers["last-modified"] ?? ""));
  const time = new Date(Number.isNaN(modified) ? 0 : modified);
  await utimes(path, time, time);
  return { path, name };
}

async function open(
  start: URL,
  signal: AbortSignal,
  authorities: readonly AuthorityPlace[],
): Promise<{ readonly body: Readable; readonly headers: Readonly<Record<string, unknown>>; readonly finalUrl: URL }> {
  let url = start;
  const headers = authorizationOf(start);
  for (let hops = 0; hops <= redirectLimit; hops++) {
    const dispatcher = await dispatcherFor(url, authorities);
    const answer = await undici()
      .request(url, { signal, dispatcher, ...(url.origin === start.origin ? { headers } : {}) })
      .catch(async (cause: unknown) => {
        const useless = isUntrusted(cause) ? await uselessPlaces(authorities) : [];
        const message = [`download ${shownUrl(start.href)}: ${messageOf(cause)}`, ...useless].join("; ");
        throw new RuncibleError("invalid-argument", message, { cause });
      });
    const { statusCode, body } = answer;
    const { location } = answer.headers;
    if (statusCode >= 300 && statusCode < 400 && typeof location === "string") {
      await body.dump();
      if (!URL.canParse(location, url.href)) break;
      url = new URL(location, url);
      if (!isUrl(url.href)) break;
      continue;
    }
    if (statusCode >= 200 && statusCode < 300) {
      return { body: Readable.from(body), headers: answer.headers, finalUrl: url };
    }
    await body.dump();
    throw new RuncibleError("invalid-argument", `failed to GET ${shownUrl(start.href)} with status ${statusCode}`);
  }
  throw new RuncibleError("invalid-argument", `download ${shownUrl(start.href)}: it redirects too often or elsewhere`);
}

/** Of a URL with a user; for its own host alone. */
function authorizationOf({ username, password }: URL): Readonly<Record<string, string>> {
  if (username === "" && password === "") return {};
  const plain = `${decoded(username)}:${decoded(password)}`;
  return { authorization: `Basic ${Buffer.from(plain).toString("base64")}` };
}

/** The last part of its path once that is decoded, as an escaped `/` is one; empty: there is none that names a file. */
function nameIn({ pathname }: URL): string {
  const name = basename(decoded(pathname));
  return name === "." || name === ".." || name.includes("\0") ? "" : name;
}

/** A text with a `%` that escapes nothing is meant as it stands. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const trusting = new Map<SecureContext, Dispatcher>();

async function dispatcherFor(url: URL, authorities: readonly AuthorityPlace[]): Promise<Dispatcher> {
  const { Agent, getGlobalDispatcher } = undici();
  if (url.protocol !== "https:") return getGlobalDispatcher();
  const secureContext = await trustedBy(authorities);
  const dispatcher = trusting.get(secureContext) ?? new Agent({ connect: { secureContext } });
  trusting.set(secureContext, dispatcher);
  return dispatcher;
}
