import { once } from "node:events";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import { messageOf, RuncibleError } from "../internal/errors";
import type { BlobIngest } from "./image/blob-store";
import type { Descriptor } from "./image/descriptor";
import type { Digest } from "./image/digest";
import type { ImageStore } from "./image/image-store";
import { compressionOf } from "./layer/decompress";
import type { LayerStore } from "./layer/layer-store";
import type { PullProgress } from "./pull";
import { backoffMs, isTemporary, pause } from "./registry/http";
import type { Repository } from "./registry/registry-client";
import type { RegistrySettings } from "./registry/settings";

export interface LayerJob {
  readonly repository: Repository;
  readonly images: ImageStore;
  readonly layers: LayerStore;
  readonly settings: RegistrySettings;
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  readonly signal: AbortSignal;
  readonly onProgress: (event: PullProgress) => void;
}

/** Progress lines per layer and second. */
const progressIntervalMs = 100;

/**
 * Brings one layer: what arrives is written to the blob store and unpacked at the same time, so that nothing is read
 * twice. A connection that breaks is taken up again where it broke.
 */
export async function pullLayer(job: LayerJob): Promise<void> {
  const { images, descriptor } = job;
  const tell = (phase: PullProgress["phase"]): void => job.onProgress({ layer: shortName(descriptor), phase });
  if (await images.blobs.has(descriptor.digest)) {
    tell("extracting");
    await unpackFrom(job, createReadStream(images.blobs.pathOf(descriptor.digest), { highWaterMark: 1024 * 1024 }));
    tell("done");
    return;
  }
  const ingest = await images.blobs.ingest(descriptor);
  const tee = new PassThrough({ highWaterMark: 4 * 1024 * 1024 });
  const unpacked = unpackFrom(job, tee);
  unpacked.catch(() => {});
  try {
    await replay(ingest, tee);
    await download(job, ingest, tee, unpacked);
    tell("verifying");
    await ingest.commit();
    tell("downloaded");
  } catch (error) {
    tee.destroy(error instanceof Error ? error : undefined);
    // The unpacking may be the cause rather than the victim; what it says is then the better reason.
    const reason = await unpacked.then(
      () => error,
      (unpackError: unknown) => (isOwnReason(unpackError, error) ? unpackError : error),
    );
    await (job.signal.aborted || isLie(reason) ? ingest.abort() : ingest.suspend());
    throw reason;
  }
  tee.end();
  tell("extracting");
  await unpacked;
  tell("done");
}

async function unpackFrom({ layers, diffId, descriptor, signal }: LayerJob, source: Readable): Promise<void> {
  const start = await firstChunk(source);
  const compression = compressionOf(start);
  source.unshift(start);
  await layers.unpack({ diffId, compression, source, describedAs: descriptor.digest, signal });
}

/** Bytes of an earlier attempt, for the unpacking. */
async function replay(ingest: BlobIngest, tee: PassThrough): Promise<void> {
  if (ingest.offset === 0) return;
  const file = await open(ingest.partialPath);
  for await (const chunk of file.createReadStream({ end: ingest.offset - 1, highWaterMark: 1024 * 1024 })) {
    await write(tee, chunk);
  }
}

async function download(job: LayerJob, ingest: BlobIngest, tee: PassThrough, unpacked: Promise<void>): Promise<void> {
  const { repository, descriptor, settings, signal } = job;
  const report = progressReporter(job);
  let received = ingest.offset;
  // A failed unpacking must end the download: nobody empties the tee any more.
  const failed = unpacked.then(() => new Promise<never>(() => {}));
  failed.catch(() => {});
  for (let attempt = 0; received < descriptor.size || attempt === 0; attempt++) {
    const before = received;
    try {
      const { body, isWhole } = await repository.blob(descriptor.digest, received);
      let skip = isWhole ? received : 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        signal.throwIfAborted();
        const fresh = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - fresh.length;
        await ingest.write(fresh);
        received += fresh.length;
        await Promise.race([write(tee, fresh), failed]);
        report(received);
      }
    } catch (error) {
      if (signal.aborted)
        throw new RuncibleError("aborted", `pull layer ${descriptor.digest}: cancelled`, { cause: error });
      if (!isTemporary(error)) throw error;
      if (attempt >= settings.retries) throw broken(descriptor, error);
    }
    // Progress earns new patience: only tries that bring nothing count.
    if (received > before) attempt = 0;
    if (received < descriptor.size) {
      if (attempt >= settings.retries) throw broken(descriptor, undefined);
      await pause(backoffMs(settings, attempt), signal);
    }
  }
}

function progressReporter({ descriptor, onProgress }: LayerJob): (current: number) => void {
  let last = 0;
  return (current) => {
    const now = Date.now();
    if (now - last < progressIntervalMs) return;
    last = now;
    onProgress({ layer: shortName(descriptor), phase: "downloading", current, total: descriptor.size });
  };
}

async function write(tee: PassThrough, chunk: Buffer): Promise<void> {
  if (!tee.write(chunk)) await once(tee, "drain");
}

async function firstChunk(source: Readable): Promise<Buffer> {
  for (;;) {
    const chunk: unknown = source.read();
    if (Buffer.isBuffer(chunk)) return chunk;
    if (source.readableEnded || source.destroyed) return Buffer.alloc(0);
    await Promise.race([once(source, "readable"), once(source, "end"), once(source, "close")]);
  }
}

/** What a broken tee does to the unpacking says nothing; a refused entry or a full disk does. */
function isOwnReason(unpackError: unknown, cause: unknown): boolean {
  return unpackError instanceof RuncibleError && unpackError.code !== "aborted" && unpackError !== cause;
}

/** Bytes that are wrong are not worth keeping. */
function isLie(error: unknown): boolean {
  return (
    error instanceof RuncibleError &&
    ["digest-mismatch", "size-mismatch", "layer-invalid", "layer-too-large", "disk-full"].includes(error.code)
  );
}

function shortName({ digest }: Descriptor): string {
  return digest.slice("sha256:".length, "sha256:".length + 12);
}

function broken({ digest }: Descriptor, cause: unknown): RuncibleError {
  const reason = cause === undefined ? "it sends less than it announced" : messageOf(cause);
  return new RuncibleError("registry-unreachable", `pull layer ${digest}: the registry breaks off: ${reason}`, {
    cause,
  });
}
