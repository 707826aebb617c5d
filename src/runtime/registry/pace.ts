import type { RegistrySettings } from "./settings";

/** How quickly the registry brings something, over all connections that it takes. Counted by windows of time. */
export interface Pace {
  /**
   * The registry was waited for so long, and brought so much. Only that time counts: what reads may be slow itself, as
   * a disk is. True when a window is over and brought too little; the next one begins with each call that ends one.
   */
  isTooSlow(waitedMs: number, bytes: number): boolean;
  /**
   * Waited for what brings no bytes itself, as a new connection does; told of at the next bytes, or when they do not
   * come.
   */
  wait(ms: number): void;
}

export interface PaceLimits {
  readonly windowMs: number;
  /** That a window brings. */
  readonly leastBytes: number;
}

export function createPace({ windowMs, leastBytes }: PaceLimits): Pace {
  let waited = 0;
  let brought = 0;
  return {
    isTooSlow: (waitedMs, bytes) => {
      waited += waitedMs;
      brought += bytes;
      if (waited < windowMs) return false;
      const isLittle = brought < leastBytes;
      waited = 0;
      brought = 0;
      return isLittle;
    },
    wait: (ms) => {
      waited += ms;
    },
  };
}

/** Of one download. */
export function downloadPace({ slowAfterMs, leastBytesPerSecond }: RegistrySettings): Pace {
  return createPace({ windowMs: slowAfterMs, leastBytes: (leastBytesPerSecond * slowAfterMs) / 1000 });
}
