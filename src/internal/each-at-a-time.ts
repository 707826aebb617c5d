/**
 * Does a task for every item, at most `limit` at once. The first failure aborts `stop`, as its reason, and is thrown
 * once all have settled.
 */
export async function eachAtATime<T>(
  limit: number,
  items: readonly T[],
  stop: AbortController,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await task(item);
  };
  const workers = Array.from({ length: Math.min(limit, items.length) }, worker);
  try {
    await Promise.all(workers);
  } catch (error) {
    queue.length = 0;
    stop.abort(error);
    await Promise.allSettled(workers);
    throw error;
  }
}
