export interface TimelineEntry {
  /** What was done: `image ready`, `created`, `started`, … */
  readonly step: string;
  /** Milliseconds from the call of `start`. */
  readonly atMs: number;
}

/** How far a start came, and when. */
export class Timeline {
  readonly startedAtMs: number = Date.now();
  readonly #entries: TimelineEntry[] = [];

  get entries(): readonly TimelineEntry[] {
    return this.#entries;
  }

  mark(step: string): void {
    this.#entries.push({ step, atMs: Date.now() - this.startedAtMs });
  }
}

/** `image ready at 3 ms, created at 15 ms` */
export function describeTimeline(entries: readonly TimelineEntry[]): string {
  return entries.map(({ step, atMs }) => `${step} at ${atMs} ms`).join(", ");
}
