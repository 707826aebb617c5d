/** A piece of what a process wrote. */
export interface HubChunk {
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
}

/** Hands the output of one run to any number of readers, each at its own pace. */
export interface Hub {
  /** Everything from now on. A reader that leaves its loop is forgotten. */
  subscribe(): AsyncIterableIterator<HubChunk>;
  /** Resolves when every reader has room again; a reader that stopped reading thereby holds the process back. */
  push(chunk: HubChunk): Promise<void>;
  /** From now on no push waits for a reader: the process has ended, and what is left of its output is little. */
  hurry(): void;
  /** No more output: readers end when they have read what they hold. Idempotent. */
  end(): void;
}

/** Bytes a reader may lag behind before the process has to wait for it. */
const roomBytes = 1024 * 1024;

interface Reader {
  readonly queue: HubChunk[];
  queuedBytes: number;
  hasEnded: boolean;
  /** Wakes the reader's pending `next`. */
  wake: () => void;
  /** Wake the pushes that wait for this reader: both output streams may. */
  waiting: (() => void)[];
}

export function createHub(): Hub {
  const readers = new Set<Reader>();
  let hasEnded = false;
  let isHurried = false;

  const roomIn = (reader: Reader): Promise<void> | undefined => {
    if (isHurried || reader.queuedBytes < roomBytes || reader.hasEnded) return undefined;
    return new Promise((resolve) => {
      reader.waiting.push(resolve);
    });
  };

  const release = (reader: Reader): void => {
    if (!isHurried && reader.queuedBytes >= roomBytes && !reader.hasEnded) return;
    for (const resolve of reader.waiting.splice(0)) resolve();
  };

  const push = async (chunk: HubChunk): Promise<void> => {
    for (const reader of readers) {
      reader.queue.push(chunk);
      reader.queuedBytes += chunk.data.length;
      reader.wake();
    }
    await Promise.all([...readers].map(roomIn));
  };

  const hurry = (): void => {
    isHurried = true;
    for (const reader of readers) release(reader);
  };

  const end = (): void => {
    hasEnded = true;
    for (const reader of readers) {
      reader.hasEnded = true;
      reader.wake();
      release(reader);
    }
    readers.clear();
  };

  const subscribe = (): AsyncIterableIterator<HubChunk> => {
    const reader: Reader = { queue: [], queuedBytes: 0, hasEnded, wake: () => {}, waiting: [] };
    if (!hasEnded) readers.add(reader);
    const leave = (): void => {
      readers.delete(reader);
      reader.hasEnded = true;
      reader.queue.length = 0;
      reader.wake();
      release(reader);
    };
    const next = async (): Promise<IteratorResult<HubChunk>> => {
      for (;;) {
        const chunk = reader.queue.shift();
        if (chunk !== undefined) {
          reader.queuedBytes -= chunk.data.length;
          release(reader);
          return { done: false, value: chunk };
        }
        if (reader.hasEnded) return { done: true, value: undefined };
        await new Promise<void>((resolve) => {
          reader.wake = resolve;
        });
      }
    };
    const iterator: AsyncIterableIterator<HubChunk> = {
      next,
      return: async () => {
        leave();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => iterator,
    };
    return iterator;
  };

  return { subscribe, push, hurry, end };
}
