/**
 * What a task makes of each item, in their order; at most `limit` tasks are begun before their results are wanted. Ends
 * when none is at work any more.
 */
export async function* ahead<T, R>(
  items: AsyncIterable<T> | Iterable<T>,
  limit: number,
  task: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const begun: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const result = task(item);
      result.catch(() => {});
      begun.push(result);
      if (begun.length >= limit) yield* next(begun);
    }
    while (begun.length > 0) yield* next(begun);
  } finally {
    await Promise.allSettled(begun);
  }
}

async function* next<R>(begun: Promise<R>[]): AsyncGenerator<R> {
  const [first] = begun.splice(0, 1);
  if (first !== undefined) yield await first;
}
