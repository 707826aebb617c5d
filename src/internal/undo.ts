import { cleanUp } from "./clean-up";
import { isExhaustion } from "./system-error";

/** Steps back for steps taken: run in reverse order when an operation fails half-way, forgotten when it succeeds. */
export interface UndoStack {
  push(step: () => Promise<unknown>): void;
  /**
   * Runs every step, also past a failing one. Failures are handed to `report`: they must not mask the first error. As
   * `cleanUp`, it goes on later when files or processes are used up, from the step that failed.
   */
  unwind(report: (error: unknown) => void): Promise<void>;
}

export function createUndoStack(): UndoStack {
  const steps: (() => Promise<unknown>)[] = [];
  return {
    push: (step) => {
      steps.push(step);
    },
    unwind: async (report) => {
      const goOn = async (): Promise<void> => {
        for (let step = steps.at(-1); step !== undefined; step = steps.at(-1)) {
          await step().catch((error: unknown) => {
            if (isExhaustion(error)) throw error;
            report(error);
          });
          steps.pop();
        }
      };
      await cleanUp(goOn, report);
    },
  };
}
