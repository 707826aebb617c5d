const limitsMs = [3_000, 20_000];

/**
 * The error of a start that waits in vain. It tells what was seen until the time was up, and a machine that stands
 * still sees nothing in a short time: as long as the error is not complete, the start is tried again with more. `start`
 * is told how much, in milliseconds, at first `shortestMs`. The last error is given, complete or not.
 */
export async function failureInTime<T>(
  shortestMs: number,
  start: (limitMs: number) => Promise<T>,
  isComplete: (error: T, limitMs: number) => boolean,
): Promise<{ readonly error: T; readonly limitMs: number }> {
  let limitMs = shortestMs;
  let error = await start(limitMs);
  for (const longer of limitsMs) {
    if (isComplete(error, limitMs)) break;
    limitMs = longer;
    error = await start(limitMs);
  }
  return { error, limitMs };
}
