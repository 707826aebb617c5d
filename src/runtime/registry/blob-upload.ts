import type { Readable } from "node:stream";
import { RuncibleError } from "../../internal/errors";
import type { Descriptor } from "../image/descriptor";
import type { HttpMethod, HttpResponse } from "./http";
import { backoffMs, isTemporaryStatus, pause, reasonOf, retriesFor } from "./patience";
import type { RegistrySettings } from "./settings";

/** An upload under way (OCI distribution specification, "Pushing a blob in chunks"). */
export interface UploadSession {
  readonly location: URL;
  /** Bytes the registry has. */
  readonly offset: number;
}

export interface UploadRequest {
  readonly method: HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | (() => Readable);
}

export interface BlobUpload {
  readonly descriptor: Pick<Descriptor, "digest" | "size">;
  /** The first session; another one when the registry has forgotten it. */
  readonly begun: UploadSession;
  readonly begin: () => Promise<UploadSession>;
  /** Whether the registry has the blob, whoever brought it. */
  readonly exists: () => Promise<boolean>;
  /** The blob's bytes from an offset on. */
  readonly read: (offset: number) => Readable;
  /** One try; what it throws besides `RuncibleError` is a broken connection. */
  readonly send: (url: URL, request: UploadRequest) => Promise<HttpResponse>;
  /** Where an answer says that the upload goes on. */
  readonly locationOf: (response: HttpResponse, from: URL) => URL;
  /** Throws what an unexpected answer means. */
  readonly refuse: (response: HttpResponse) => Promise<never>;
  /** Bytes sent. */
  readonly onProgress: (current: number) => void;
  readonly settings: RegistrySettings;
  readonly signal: AbortSignal;
}

/**
 * Sends a blob. A connection that breaks is taken up where the registry says it broke, in the same session if it still
 * knows it. Throws `registry-unreachable`, `aborted`, and as `refuse`.
 */
export async function uploadBlob(upload: BlobUpload): Promise<void> {
  const { descriptor, settings, signal } = upload;
  let session = upload.begun;
  let furthest = 0;
  for (let tries = 0; ; tries++) {
    let failure: unknown;
    try {
      if (tries > 0) {
        if (await upload.exists()) return;
        session = await resumed(upload, session);
      }
      const sent = await sendRest(upload, session);
      if (sent !== undefined) {
        if (await finish(upload, sent)) return;
        session = sent;
      }
    } catch (error) {
      failure = error;
    }
    if (signal.aborted)
      throw new RuncibleError("aborted", `push blob ${descriptor.digest}: cancelled`, { cause: failure });
    if (failure instanceof RuncibleError) throw failure;
    // Progress earns new patience: only tries that bring nothing count.
    if (session.offset > furthest) tries = 0;
    furthest = Math.max(furthest, session.offset);
    if (tries >= (failure === undefined ? settings.retries : retriesFor(failure, settings))) {
      throw broken(descriptor, failure, settings);
    }
    await pause(backoffMs(settings, tries), signal);
  }
}

/** Undefined: the registry wants another try. */
async function sendRest(upload: BlobUpload, { location, offset }: UploadSession): Promise<UploadSession | undefined> {
  const { descriptor, send, read, onProgress } = upload;
  if (offset === descriptor.size) return { location, offset };
  const headers = {
    "content-type": "application/octet-stream",
    "content-length": String(descriptor.size - offset),
    "content-range": `${offset}-${descriptor.size - 1}`,
  };
  const response = await send(location, { method: "PATCH", headers, body: () => read(offset) });
  if (await isForLater(response)) return undefined;
  if (response.statusCode !== 202 && response.statusCode !== 204) return await upload.refuse(response);
  await response.body.discard();
  onProgress(descriptor.size);
  return { location: upload.locationOf(response, location), offset: descriptor.size };
}

/** False: the registry wants another try. */
async function finish({ descriptor, send, refuse }: BlobUpload, { location }: UploadSession): Promise<boolean> {
  // Not URLSearchParams: it would write what is there already in another way.
  const url = new URL(location);
  url.search = `${url.search === "" ? "?" : `${url.search}&`}digest=${encodeURIComponent(descriptor.digest)}`;
  const response = await send(url, { method: "PUT", headers: { "content-length": "0" } });
  if (await isForLater(response)) return false;
  if (response.statusCode !== 201 && response.statusCode !== 204) return await refuse(response);
  await response.body.discard();
  return true;
}

/** 404: the session is forgotten; 416: the registry has other bytes than we thought. */
async function isForLater(response: HttpResponse): Promise<boolean> {
  const { statusCode, body } = response;
  if (!isTemporaryStatus(statusCode) && statusCode !== 404 && statusCode !== 416) return false;
  await body.discard();
  return true;
}

/** The session as the registry knows it now, or another one. */
async function resumed(upload: BlobUpload, { location }: UploadSession): Promise<UploadSession> {
  const { descriptor, send, begin, locationOf } = upload;
  const response = await send(location, { method: "GET", headers: {} });
  await response.body.discard();
  if (response.statusCode !== 204 && response.statusCode !== 202) return await begin();
  const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(String(response.headers["range"] ?? ""))?.[1] ?? 0);
  // "0-0" is one byte by the specification, and none with the registry that most people run.
  if (last === 0 || last >= descriptor.size) return await begin();
  return { location: locationOf(response, location), offset: last + 1 };
}

function broken({ digest }: Pick<Descriptor, "digest">, cause: unknown, settings: RegistrySettings): RuncibleError {
  const reason = cause === undefined ? "it takes no more" : reasonOf(cause, settings);
  return new RuncibleError(
    "registry-unreachable",
    `push blob ${digest}: the registry breaks off: ${reason}; try again, what it has is kept`,
    { cause },
  );
}
