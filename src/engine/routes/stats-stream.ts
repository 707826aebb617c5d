import { setTimeout as delay } from "node:timers/promises";
import type { StatsSample } from "./container-service";
import { encodeStats } from "./encode-stats";

export interface StatsRequest {
  readonly id: string;
  readonly name: string;
  readonly sample: () => Promise<StatsSample | null>;
  /** One sample will do: no waiting for a second one to compare with. */
  readonly isOneShot: boolean;
  readonly signal: AbortSignal;
}

const intervalMs = 1000;

/** Docker's two ways to ask: once, with the sample of a second before to compare with, or one sample a second. */
export function sampleStats({ id, name, sample, isOneShot, signal }: StatsRequest): {
  once(): Promise<object>;
  stream(): AsyncIterable<object>;
} {
  const once = async (): Promise<object> => {
    const first = await sample();
    if (isOneShot || first === null) return encodeStats({ id, name }, first, null);
    await delay(intervalMs, undefined, { signal });
    return encodeStats({ id, name }, await sample(), first);
  };
  async function* stream(): AsyncGenerator<object> {
    let previous: StatsSample | null = null;
    while (!signal.aborted) {
      const current: StatsSample | null = await sample();
      yield encodeStats({ id, name }, current, previous);
      previous = current;
      await delay(intervalMs, undefined, { signal });
    }
  }
  return { once, stream };
}
