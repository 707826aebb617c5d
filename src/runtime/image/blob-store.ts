import { link, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, RuncibleError } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { type BlobIngest, type ExpectedBlob, openIngest } from "./blob-ingest";
import { type Digest, digestOf, encodedOf, isDigest } from "./digest";
import { diskError } from "./disk-error";

export type { BlobIngest } from "./blob-ingest";

/** Content by digest. A blob is there whole and verified, or not at all, whenever the machine stops. */
export interface BlobStore {
  has(digest: Digest): Promise<boolean>;
  pathOf(digest: Digest): string;
  /** A whole small blob. Default limit: 8 MiB. Throws `image-invalid` when it lacks or is larger. */
  read(digest: Digest, limitBytes?: number): Promise<Buffer>;
  /** Throws `disk-full`. */
  put(bytes: Buffer): Promise<Digest>;
  /**
   * Begins a blob, or goes on where a suspended attempt stopped. Of several attempts at one blob at a time, only the
   * first can be suspended. Throws `disk-full`.
   */
  ingest(blob: ExpectedBlob): Promise<BlobIngest>;
  /** Takes in a file of the store's own disk without copying it. The caller has hashed it, and nobody writes to it. */
  adopt(path: string, digest: Digest): Promise<void>;
  list(): Promise<readonly Digest[]>;
  /** Idempotent. Resolves to the bytes that were freed. */
  remove(digest: Digest): Promise<number>;
  /** Removes what suspended attempts left, but for blobs that are to be kept. Resolves to the bytes that were freed. */
  removeSuspended(isKept: (digest: Digest) => boolean): Promise<number>;
}

const readLimit = 8 * 1024 * 1024;

/** One engine owns the folder, so what an earlier one left unfinished can go at once. */
export async function openBlobStore(folder: string): Promise<BlobStore> {
  const complete = join(folder, "sha256");
  const partial = join(folder, "partial");
  await rm(partial, { recursive: true, force: true });
  for (const path of [complete, partial]) await mkdir(path, { recursive: true, mode: 0o700 });
  const pathOf = (digest: Digest): string => join(complete, encodedOf(digest));
  const newPath = (): string => join(partial, randomId().slice(0, 16));
  const underWay = new Set<Digest>();
  /** Whoever looks for a blob, or brings it, waits until its removal is over. */
  const removals = new Map<Digest, Promise<number>>();
  const partialRemovals = new Map<Digest, Promise<number>>();

  const has = async (digest: Digest): Promise<boolean> => {
    await removals.get(digest);
    return (await sizeOf(pathOf(digest))) !== undefined;
  };

  const put = async (bytes: Buffer): Promise<Digest> => {
    const digest = digestOf(bytes);
    if (await has(digest)) return digest;
    const path = newPath();
    try {
      await writeFile(path, bytes, { mode: 0o600, flush: true });
      await rename(path, pathOf(digest));
    } catch (cause) {
      throw diskError(`store blob ${digest}`, cause);
    } finally {
      await rm(path, { force: true });
    }
    return digest;
  };

  const ingest = async (blob: ExpectedBlob): Promise<BlobIngest> => {
    const { digest } = blob;
    const publish = async (path: string): Promise<void> => {
      await removals.get(digest);
      await rename(path, pathOf(digest));
    };
    await partialRemovals.get(digest);
    // Two attempts must never write one file: the second gets one of its own.
    if (underWay.has(digest)) {
      return await openIngest(blob, { partialPath: newPath(), isResumable: false, publish, onClosed: () => {} });
    }
    underWay.add(digest);
    const onClosed = (): void => void underWay.delete(digest);
    const partialPath = join(partial, encodedOf(digest));
    return await openIngest(blob, { partialPath, isResumable: true, publish, onClosed }).catch((error: unknown) => {
      onClosed();
      throw error;
    });
  };

  return {
    has,
    pathOf,
    read: (digest, limitBytes = readLimit) => readBlob(pathOf(digest), { digest, limitBytes }),
    put,
    ingest,
    adopt: async (path, digest) => {
      await removals.get(digest);
      await syncFile(path);
      await link(path, pathOf(digest)).catch((error: unknown) => {
        if (!hasCode(error, "EEXIST")) throw error;
      });
    },
    list: async () => (await readdir(complete)).map((name) => `sha256:${name}`).filter(isDigest),
    remove: (digest) => {
      const removal = removeFile(pathOf(digest)).finally(() => removals.delete(digest));
      removals.set(digest, removal);
      return removal;
    },
    removeSuspended: async (isKept) => {
      let bytes = 0;
      for (const name of await readdir(partial)) {
        const digest = `sha256:${name}`;
        if (!isDigest(digest) || underWay.has(digest) || isKept(digest)) continue;
        const removal = removeFile(join(partial, name)).finally(() => partialRemovals.delete(digest));
        partialRemovals.set(digest, removal);
        bytes += await removal;
      }
      return bytes;
    },
  };
}

async function readBlob(path: string, wanted: { digest: Digest; limitBytes: number }): Promise<Buffer> {
  const { digest, limitBytes } = wanted;
  const size = await sizeOf(path);
  if (size === undefined) throw new RuncibleError("image-invalid", `read blob ${digest}: the store does not have it`);
  if (size > limitBytes) {
    throw new RuncibleError(
      "image-invalid",
      `read blob ${digest}: ${size} bytes are more than the ${limitBytes} allowed`,
    );
  }
  return await readFile(path);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function removeFile(path: string): Promise<number> {
  const size = await sizeOf(path);
  await rm(path, { force: true });
  return size ?? 0;
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}
