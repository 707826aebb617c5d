import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, open, rm, stat } from "node:fs/promises";
import { hasCode, RuncibleError } from "../../internal/errors";
import type { Digest } from "./digest";
import { diskError } from "./disk-error";

export interface ExpectedBlob {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
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
  /** Keeps the bytes for a later attempt. Idempotent, and nothing after `commit` or `abort`. */
  suspend(): Promise<void>;
  /** Drops the bytes. Idempotent, and nothing after `commit` or `suspend`. */
  abort(): Promise<void>;
}

export interface IngestTarget {
  readonly partialPath: string;
  /** Whether a later attempt finds the bytes again. */
  readonly isResumable: boolean;
  /** Gives the file, which is whole and on the disk, its final name. */
  readonly publish: (path: string) => Promise<void>;
  readonly onClosed: () => void;
}

/** Begins or resumes the file at `partialPath`, which is nobody else's until it is closed. */
export async function openIngest({ digest, size }: ExpectedBlob, target: IngestTarget): Promise<BlobIngest> {
  const { partialPath, isResumable, publish, onClosed } = target;
  const kept = await hashKept(partialPath, size);
  const file: FileHandle = await open(partialPath, kept === undefined ? "w" : "a", 0o600).catch((cause: unknown) => {
    throw diskError(`store blob ${digest}`, cause);
  });
  const hash: Hash = kept?.hash ?? createHash("sha256");
  const offset = kept?.bytes ?? 0;
  let written = offset;
  let isOpen = true;

  const close = async (finish: () => Promise<void>): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    try {
      await file.close();
      await finish();
    } finally {
      onClosed();
    }
  };
  const drop = (): Promise<void> => rm(partialPath, { force: true });

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
        throw diskError(`store blob ${digest}`, cause);
      });
    },
    commit: async () => {
      try {
        checkContent({ digest, size }, `sha256:${hash.digest("hex")}`, written);
        // The name must not reach the disk before the content does.
        await file.sync();
      } catch (error) {
        await close(drop);
        throw diskError(`store blob ${digest}`, error);
      }
      await close(() => publish(partialPath));
    },
    suspend: () => close(async () => (isResumable ? undefined : await drop())),
    abort: () => close(drop),
  };
}

function checkContent({ digest, size }: ExpectedBlob, actual: string, written: number): void {
  if (written !== size) {
    throw new RuncibleError("size-mismatch", `store blob ${digest}: ${written} of the announced ${size} bytes arrived`);
  }
  if (actual !== digest) {
    throw new RuncibleError("digest-mismatch", `store blob ${digest}: what arrived has the digest ${actual}`);
  }
}

/** The state of an earlier attempt; undefined when there is none, or none worth keeping. */
async function hashKept(path: string, size: number): Promise<{ hash: Hash; bytes: number } | undefined> {
  const bytes = await stat(path).then(
    (stats) => stats.size,
    (error: unknown) => {
      if (hasCode(error, "ENOENT")) return 0;
      throw error;
    },
  );
  if (bytes === 0 || bytes > size) return undefined;
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk);
  return { hash, bytes };
}
