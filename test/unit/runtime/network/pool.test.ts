import { expect, test } from "vitest";
import { createBusyCount } from "../../../../src/runtime/network/busy-count";
import { createPool, type Pool } from "../../../../src/runtime/network/pool";

interface Counted {
  readonly pool: Pool<number>;
  readonly discarded: number[];
}

function countingPool(isBusy: () => boolean): Counted {
  let made = 0;
  const discarded: number[] = [];
  const pool = createPool<number>({
    size: 2,
    make: async () => ++made,
    discard: async (thing) => void discarded.push(thing),
    isBusy,
    onError: (error) => {
      throw error;
    },
  });
  return { pool, discarded };
}

test("what is taken is made anew, and what is left is discarded at the end", async () => {
  const { pool, discarded } = countingPool(() => false);
  pool.refill();
  await expect.poll(() => pool.takeReady(), { timeout: 30_000 }).toBe(1);
  expect(await pool.take()).toBe(2);
  expect(pool.takeReady()).toBeUndefined();
  pool.refill();
  await expect.poll(() => pool.takeReady(), { timeout: 30_000 }).toBe(3);
  await pool.close();
  expect(discarded).toEqual([4]);
});

test("nothing is made in advance while a start is under way, and what is needed at once all the same", async () => {
  const starts = createBusyCount();
  const { pool } = countingPool(() => starts.isBusy);
  let end = (): void => {};
  const start = starts.during(
    () =>
      new Promise<void>((resolve) => {
        end = resolve;
      }),
  );
  pool.refill();
  // Far longer than a refill waits.
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(pool.takeReady()).toBeUndefined();
  expect(await pool.take()).toBe(1);
  end();
  await start;
  pool.refill();
  await expect.poll(() => pool.takeReady(), { timeout: 30_000 }).toBe(2);
  await pool.close();
});

test("a start that fails is over, too", async () => {
  const starts = createBusyCount();
  await expect(starts.during(() => Promise.reject(new Error("no such program")))).rejects.toThrow("no such program");
  expect(starts.isBusy).toBe(false);
});
