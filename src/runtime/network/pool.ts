/** Things that take a moment to make, a few of them made in advance. */
export interface Pool<T> {
  /** One that is ready; undefined when all are taken. The caller's own from now on. */
  takeReady(): T | undefined;
  /** One that is ready, else one that is made now. */
  take(): Promise<T>;
  /** Replaces what was taken, a moment later: whoever took it is about to start a container, and would share the processor. */
  refill(): void;
  /** Discards what is ready. Idempotent. */
  close(): Promise<void>;
}

export interface PoolOptions<T> {
  readonly size: number;
  readonly make: () => Promise<T>;
  readonly discard: (thing: T) => Promise<void>;
  /** Nobody waits for what is made in advance: whoever takes the next one makes it, and is told. */
  readonly onError: (error: unknown) => void;
}

/** A container starts within this time. */
const refillDelayMs = 100;

/** Starts out empty; `refill` fills it. */
export function createPool<T>({ size, make, discard, onError }: PoolOptions<T>): Pool<T> {
  const ready: T[] = [];
  let isClosed = false;
  let filling: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const fill = async (): Promise<void> => {
    while (!isClosed && ready.length < size) ready.push(await make());
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
