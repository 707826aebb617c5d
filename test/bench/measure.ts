/** Runs an action n times, one after the other. */
export async function repeat<T>(count: number, action: (run: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let run = 0; run < count; run += 1) results.push(await action(run));
  return results;
}

/** Milliseconds of one action, and what it gave. */
export async function timed<T>(action: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const startedAt = process.hrtime.bigint();
  const result = await action();
  return { ms: Number(process.hrtime.bigint() - startedAt) / 1e6, result };
}

export function median(times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}

/** The smallest time that at least 95 of 100 runs keep to. */
function percentile95(times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right);
  return sorted[Math.ceil(0.95 * sorted.length) - 1] ?? Number.NaN;
}

/** One row of a table: what, median, 95th percentile, fastest, n. */
export function row(what: string, times: readonly number[]): string {
  const cells = [median(times), percentile95(times), Math.min(...times)].map((ms) => ms.toFixed(ms < 100 ? 1 : 0));
  return `| ${[what, ...cells, times.length].join(" | ")} |`;
}
