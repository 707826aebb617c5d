import { log } from "../log";

export interface TimelineEntry {
  /** What was done: `image ready`, `created`, `started`, … */
  readonly step: string;
  /** Milliseconds from the call of `start`. */
  readonly atMs: number;
}

/** How far a start came, and when; told in the log as well. */
export class Timeline {
  readonly startedAtMs: number = Date.now();
  readonly #entries: TimelineEntry[] = [];
  readonly #imageName: string;

  constructor(imageName: string) {
    this.#imageName = imageName;
  }

  get entries(): readonly TimelineEntry[] {
    return this.#entries;
  }

  mark(step: string, containerId?: string): void {
    const entry = { step, atMs: Date.now() - this.startedAtMs };
    this.#entries.push(entry);
    log.debug(describeTimeline([entry]), { containerId, imageName: this.#imageName });
  }
}

/** `image ready at 3 ms, created at 15 ms` */
export function describeTimeline(entries: readonly TimelineEntry[]): string {
  return entries.map(({ step, atMs }) => `${step} at ${atMs} ms`).join(", ");
}
