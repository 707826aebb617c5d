import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, RuncibleError } from "../../internal/errors";
import { type Digest, digestOf, encodedOf, isDigest } from "./digest";

/** Content by digest. A blob is there whole and verified, or not at all, whenever the machine stops. */
export interface BlobStore {
  has(digest: Digest): Promise<boolean>;
  pathOf(digest: Digest): string;
  /** A whole small blob. Default limit: 8 MiB. Throws `image-invalid` when it lacks or is larger. */
  read(digest: Digest, limitBytes?: number): Promise<Buffer>;
  put(bytes: Buffer): Promise<Digest>;
  /** Begins a blob, or goes on where a suspended attempt stopped. One attempt per blob at a time. */
  ingest(blob: { readonly digest: Digest; readonly size: number }): Promise<BlobIngest>;
  list(): Promise<readonly Digest[]>;
  /** Idempotent. Resolves to the bytes that were freed. */
  remove(digest: Digest): Promise<number>;
}

export interface BlobIngest {
  /** Bytes kept from an earlier attempt, hashed already. */
  readonly offset: number;
  /** Where they are, for a reader that wants all of them. */
  readonly partialPath: string;
  /** Throws `size-mismatch` as soon as more than the announced bytes arrive, `disk-full`. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the blob visible. Throws `size-mismatch`, `digest-mismatch`; what was written is then gone. */
  commit(): Promise<void>;
  /** Keeps the bytes for a later attempt. */
  suspend(): Promise<void>;
  /** Drops the bytes. Idempotent, and nothing after `commit` or `suspend`. */
  abort(): Promise<void>;
}

const readLimit = 8 * 1024 * 1024;

/** One engine owns the folder, so what an earlier one left unfinished can go at once. */
export async function openBlobStore(folder: string): Promise<BlobStore> {
  const complete = join(folder, "sha256");
  const partial = join(folder, "partial");
  await rm(partial, { recursive: true, force: true });
  await Promise.all([
    mkdir(complete, { recursive: true, mode: 0o700 }),
    mkdir(partial, { recursive: true, mode: 0o700 }),
  ]);
  const pathOf = (digest: Digest): string => join(complete, encodedOf(digest));

  const put = async (bytes: Buffer): Promise<Digest> => {
    const digest = digestOf(bytes);
    const ingest = await openIngest({ digest, size: bytes.length }, join(partial, encodedOf(digest)), pathOf(digest));
    // A leftover of the same content may be there in part; a small blob is simply written anew.
    await ingest.write(bytes.subarray(ingest.offset));
    await ingest.commit();
    return digest;
  };

  return {
    has: async (digest) => (await sizeOf(pathOf(digest))) !== undefined,
    pathOf,
    read: async (digest, limitBytes = readLimit) => {
      const size = await sizeOf(pathOf(digest));
      if (size === undefined)
        throw new RuncibleError("image-invalid", `read blob ${digest}: the store does not have it`);
      if (size > limitBytes) {
        throw new RuncibleError(
          "image-invalid",
          `read blob ${digest}: ${size} bytes are more than the ${limitBytes} allowed`,
        );
      }
      return await readFile(pathOf(digest));
    },
    put,
    ingest: ({ digest, size }) => openIngest({ digest, size }, join(partial, encodedOf(digest)), pathOf(digest)),
    list: async () => (await readdir(complete)).map((name) => `sha256:${name}`).filter(isDigest),
    remove: async (digest) => {
      const size = await sizeOf(pathOf(digest));
      await rm(pathOf(digest), { force: true });
      return size ?? 0;
    },
  };
}

async function openIngest(
  blob: { readonly digest: Digest; readonly size: number },
  partialPath: string,
  finalPath: string,
): Promise<BlobIngest> {
  const { digest, size } = blob;
  const kept = await hashKept(partialPath, size);
  const file: FileHandle = await open(partialPath, kept === undefined ? "w" : "a", 0o600);
  const hash: Hash = kept?.hash ?? createHash("sha256");
  const offset = kept?.bytes ?? 0;
  let written = offset;
  let isOpen = true;

  const close = async (): Promise<boolean> => {
    if (!isOpen) return false;
    isOpen = false;
    await file.close();
    return true;
  };
  const abort = async (): Promise<void> => {
    if (await close()) await rm(partialPath, { force: true });
  };

  return {
    offset,
    partialPath,
    write: async (chunk) => {
      written += chunk.length;
      if (written > size) {
        throw new RuncibleError("size-mismatch", `store blob ${digest}: more than the announced ${size} bytes arrive`);
      }
      hash.update(chunk);
      await file.writeFile(chunk).catch((cause: unknown) => {
        throw diskError(digest, cause);
      });
    },
    commit: async () => {
      const actual = `sha256:${hash.digest("hex")}`;
      if (written !== size || actual !== digest) await abort();
      if (written !== size) {
        throw new RuncibleError(
          "size-mismatch",
          `store blob ${digest}: ${written} of the announced ${size} bytes arrived`,
        );
      }
      if (actual !== digest) {
        throw new RuncibleError("digest-mismatch", `store blob ${digest}: what arrived has the digest ${actual}`);
      }
      // The rename must not reach the disk before the content does.
      await file.sync();
      await close();
      await rename(partialPath, finalPath);
    },
    suspend: async () => {
      await close();
    },
    abort,
  };
}

/** The state of an earlier attempt; undefined when there is none, or none worth keeping. */
async function hashKept(path: string, size: number): Promise<{ hash: Hash; bytes: number } | undefined> {
  const bytes = await sizeOf(path);
  if (bytes === undefined || bytes === 0 || bytes > size) return undefined;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return { hash, bytes };
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

function diskError(digest: Digest, cause: unknown): unknown {
  if (!hasCode(cause, "ENOSPC") && !hasCode(cause, "EDQUOT")) return cause;
  return new RuncibleError(
    "disk-full",
    `store blob ${digest}: no space left on device; free some, or set RUNCIBLE_STATE_DIR to another disk`,
    { cause },
  );
}
