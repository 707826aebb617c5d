/** Tasks that nobody waits for one by one. */
export interface InFlight {
  /** Begins a task as soon as there is room for it. Throws what an earlier one failed with; then none is begun. */
  begin(task: () => Promise<void>): Promise<void>;
  /** Until all have ended. Throws what the first of them failed with. */
  settled(): Promise<void>;
}

/** At most `limit` tasks at once. */
export function createInFlight(limit: number): InFlight {
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];

  const throwFailure = (): void => {
    if (failures.length > 0) throw failures[0];
  };
  const track = (task: Promise<void>): void => {
    const tracked = task
      .catch((error: unknown) => {
        failures.push(error);
      })
      .finally(() => running.delete(tracked));
    running.add(tracked);
  };
  return {
    begin: async (task) => {
      while (running.size >= limit) await Promise.race(running);
      throwFailure();
      track(task());
    },
    settled: async () => {
      await Promise.all(running);
      throwFailure();
    },
  };
}
