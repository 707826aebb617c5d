/** Things that take a moment to make, a few of them made in advance. */
export interface Pool<T> {
  /** One that is ready; undefined when all are taken. The caller's own from now on. */
  takeReady(): T | undefined;
  /** One that is ready, else one that is made now. */
  take(): Promise<T>;
  /**
   * Replaces what was taken, a moment later and not while somebody must not be disturbed: then it has to be called
   * again.
   */
  refill(): void;
  /** Discards what is ready. Idempotent. */
  close(): Promise<void>;
}

export interface PoolOptions<T> {
  readonly size: number;
  readonly make: () => Promise<T>;
  readonly discard: (thing: T) => Promise<void>;
  /** Somebody is at work with whom making things would share the processor. */
  readonly isBusy: () => boolean;
  /** Nobody waits for what is made in advance: whoever takes the next one makes it, and is told. */
  readonly onError: (error: unknown) => void;
}

/** Whoever waits for a container that has just started gets the answer first, and what runs in it gets ready. */
const refillDelayMs = 15;

/** Starts out empty; `refill` fills it. */
export function createPool<T>({ size, make, discard, isBusy, onError }: PoolOptions<T>): Pool<T> {
  const ready: T[] = [];
  let isClosed = false;
  let filling: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const fill = async (): Promise<void> => {
    while (!isClosed && !isBusy() && ready.length < size) ready.push(await make());
  };
  const fillNow = (): void => {
    filling ??= fill()
      .catch(onError)
      .finally(() => {
        filling = undefined;
      });
  };
  return {
    takeReady: () => ready.shift(),
    take: async () => ready.shift() ?? (await make()),
    refill: () => {
      clearTimeout(timer);
      if (!isClosed) timer = setTimeout(fillNow, refillDelayMs);
    },
    close: async () => {
      isClosed = true;
      clearTimeout(timer);
      await filling;
      await Promise.all(ready.splice(0).map(discard));
    },
  };
}
