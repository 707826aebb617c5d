import type { Logger } from "../../internal/log";
import { perform } from "../../internal/perform";

export interface DiskSyncOptions<T> {
  /** On the file system that is brought to the disk. */
  readonly folder: string;
  /** Milliseconds from the last request. */
  readonly quietMs: number;
  /** Whether much is being written: the disk is left to that until it is done. */
  readonly isBusy: () => boolean;
  /** What has been written and is not known to be on the disk. */
  readonly unconfirmed: () => readonly T[];
  /** It is on the disk. */
  readonly confirm: (item: T) => Promise<void>;
  readonly logger: Logger;
}

/** A slow disk may have gigabytes of others to write too. */
const timeoutMs = 600_000;

/**
 * Brings files to the disk some time after they were written, all at once. Nobody waits for it, and a process that ends
 * does not either. A failure is logged; the next request tries again.
 */
export function createDiskSync<T>(options: DiskSyncOptions<T>): { request(): void } {
  const { folder, quietMs, isBusy, unconfirmed, confirm, logger } = options;
  let timer: NodeJS.Timeout | undefined;
  let isRunning = false;
  const request = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      if (isRunning || isBusy()) request();
      else void sync();
    }, quietMs);
    timer.unref();
  };
  const sync = async (): Promise<void> => {
    const items = unconfirmed();
    if (items.length === 0) return;
    isRunning = true;
    try {
      // The whole file system: file by file, each would wait for the journal of its own.
      await perform("sync", ["--file-system", folder], { timeoutMs });
      for (const item of items) await confirm(item);
    } catch (error) {
      logger.warn("bring layers to the disk", { error });
    } finally {
      isRunning = false;
    }
  };
  return { request };
}
