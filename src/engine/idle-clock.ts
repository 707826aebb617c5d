/** Ends the engine some time after the last thing that needs it is gone. */
export interface IdleClock {
  /** Something began or ended: look again. */
  touch(): void;
  stop(): void;
}

export function createIdleClock(options: {
  /** Milliseconds; 0: never. */
  readonly timeoutMs: number;
  readonly isBusy: () => boolean;
  readonly onIdle: () => void;
}): IdleClock {
  let timer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  const touch = (): void => {
    stop();
    if (options.timeoutMs === 0 || options.isBusy()) return;
    timer = setTimeout(() => {
      if (!options.isBusy()) options.onIdle();
    }, options.timeoutMs);
  };
  return { touch, stop };
}
