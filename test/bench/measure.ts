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

/** One row of a table: what, median, fastest, slowest, n. */
export function row(what: string, times: readonly number[]): string {
  const cells = [median(times), Math.min(...times), Math.max(...times)].map((ms) => ms.toFixed(ms < 100 ? 1 : 0));
  return `| ${[what, ...cells, times.length].join(" | ")} |`;
}
