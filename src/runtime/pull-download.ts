import { createReadStream } from "node:fs";
import { shortId } from "../internal/ids";
import type { BlobIngest } from "./image/blob-store";
import type { Descriptor } from "./image/descriptor";
import type { PullProgress } from "./pull";
import type { Repository } from "./registry/registry-client";

export interface DownloadJob {
  readonly repository: Pick<Repository, "blob">;
  readonly descriptor: Descriptor;
  readonly onProgress: (event: PullProgress) => void;
}

/** A blob on its way from the registry into the store. */
export interface Download {
  /** The whole blob, kept bytes first; what is new is stored before it is handed on. Committed after the last byte. */
  bytes(signal: AbortSignal): AsyncGenerator<Buffer, void, void>;
  /** Stores and commits what `bytes` was not asked for. When that came to its end: how the commit went. */
  finish(signal: AbortSignal): Promise<void>;
}

/** Between two events of one layer that say how many bytes are there. */
const progressIntervalMs = 100;
const readBytes = 1024 * 1024;

/** Both ways of reading throw as `Repository.blob` and `BlobIngest`. */
export function createDownload({ repository, descriptor, onProgress }: DownloadJob, ingest: BlobIngest): Download {
  const layer = layerName(descriptor);
  const { size: total } = descriptor;
  let stored = ingest.offset;
  let committed: Promise<void> | undefined;
  let lastEvent = 0;

  const report = (): void => {
    const now = Date.now();
    if (stored < total && now - lastEvent < progressIntervalMs) return;
    lastEvent = now;
    onProgress({ layer, phase: "downloading", current: stored, total });
  };

  const commit = async (): Promise<void> => {
    onProgress({ layer, phase: "verifying" });
    await ingest.commit();
    onProgress({ layer, phase: "downloaded" });
    onProgress({ layer, phase: "extracting", current: total, total });
  };

  async function* rest(signal: AbortSignal): AsyncGenerator<Buffer, void, void> {
    for await (const chunk of repository.blob(descriptor, stored, signal)) {
      await ingest.write(chunk);
      stored += chunk.length;
      report();
      yield chunk;
    }
    committed ??= commit();
    await committed;
  }

  return {
    async *bytes(signal) {
      if (ingest.offset > 0) {
        yield* createReadStream(ingest.partialPath, { end: ingest.offset - 1, highWaterMark: readBytes });
      }
      yield* rest(signal);
    },
    finish: async (signal) => {
      // A blob is committed once: when that failed, it fails here for the same reason.
      if (committed !== undefined) return await committed;
      for await (const _chunk of rest(signal)) signal.throwIfAborted();
    },
  };
}

/** As Docker shows it: 12 digits. */
export function layerName({ digest }: Pick<Descriptor, "digest">): string {
  return shortId(digest);
}
