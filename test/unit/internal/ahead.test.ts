import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { ahead } from "../../../src/internal/ahead";

/** Tasks that end when they are told to, and how many of them were at work at most. */
function gates(): { readonly open: (item: number) => void; readonly task: (item: number) => Promise<string> } {
  const waiting = new Map<number, () => void>();
  return {
    open: (item) => waiting.get(item)?.(),
    task: async (item) => {
      await new Promise<void>((resolve) => waiting.set(item, resolve));
      return `done ${item}`;
    },
  };
}

test("results come in the order of the items, whichever is ready first", async () => {
  const { open, task } = gates();
  const results = ahead([1, 2, 3], 3, task);
  const first = results.next();
  await setImmediate();
  open(3);
  open(2);
  open(1);

  expect(await first).toEqual({ done: false, value: "done 1" });
  expect(await results.next()).toEqual({ done: false, value: "done 2" });
  expect(await results.next()).toEqual({ done: false, value: "done 3" });
  expect(await results.next()).toEqual({ done: true, value: undefined });
});

test("no more tasks are begun than may be", async () => {
  const begun: number[] = [];
  const results = ahead([1, 2, 3, 4], 2, async (item) => {
    begun.push(item);
  });

  await results.next();
  expect(begun).toEqual([1, 2]);
  await results.next();
  expect(begun).toEqual([1, 2, 3]);
});

test("a task that fails does so in its turn, after the others have ended", async () => {
  let isEnded = false;
  const results = ahead([1, 2, 3], 3, async (item) => {
    if (item === 2) throw new Error("the second");
    await setImmediate();
    if (item === 3) isEnded = true;
    return item;
  });

  expect((await results.next()).value).toBe(1);
  await expect(results.next()).rejects.toThrow("the second");
  expect(isEnded).toBe(true);
});
