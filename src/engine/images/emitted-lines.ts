import { deferred } from "../../internal/deferred";
import type { ProgressLine } from "../../wire/progress";

/**
 * The lines that a task emits, as they come; returns what the task resolves to, and throws what it throws, after the
 * last.
 */
export async function* emitted<T>(
  task: (emit: (line: ProgressLine) => void) => Promise<T>,
): AsyncGenerator<ProgressLine, T, void> {
  const lines: ProgressLine[] = [];
  let wake = deferred();
  let isDone = false;
  const done = task((line) => {
    lines.push(line);
    wake.resolve();
  }).finally(() => {
    isDone = true;
    wake.resolve();
  });
  done.catch(() => {});
  while (!isDone || lines.length > 0) {
    const line = lines.shift();
    if (line !== undefined) {
      yield line;
      continue;
    }
    await wake.promise;
    wake = deferred();
  }
  return await done;
}
