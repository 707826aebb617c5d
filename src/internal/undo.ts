/** Steps back for steps taken: run in reverse order when an operation fails half-way, forgotten when it succeeds. */
export interface UndoStack {
  push(step: () => Promise<unknown>): void;
  /** Runs every step, also past a failing one. Failures are handed to `report`: they must not mask the first error. */
  unwind(report: (error: unknown) => void): Promise<void>;
}

export function createUndoStack(): UndoStack {
  const steps: (() => Promise<unknown>)[] = [];
  return {
    push: (step) => {
      steps.push(step);
    },
    unwind: async (report) => {
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        await step().catch(report);
      }
    },
  };
}
