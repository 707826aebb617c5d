import { expect, test } from "vitest";
import { IntervalRetry, RandomUuid, randomUuid } from "../../../src/index";

test("a retry counts its attempts from 0 and ends with the first good result", async () => {
  const retry = new IntervalRetry<number, string>(1);

  const result = await retry.retryUntil(
    async (attempt) => attempt,
    (attempt) => attempt === 3,
    () => "over",
    1000,
  );

  expect(result).toBe(3);
});

test("a retry without time still tries twice, and then gives what onTimeout gives", async () => {
  const retry = new IntervalRetry<number, string>(5);
  const attempts: number[] = [];

  const result = await retry.retryUntil(
    async (attempt) => attempts.push(attempt),
    () => false,
    () => "over",
    0,
  );

  expect(result).toBe("over");
  expect(attempts).toEqual([0, 1]);
});

test("errors are not retried", async () => {
  const retry = new IntervalRetry<number, string>(1);

  await expect(
    retry.retryUntil(
      () => Promise.reject(new RangeError("x")),
      () => true,
      () => "over",
      9,
    ),
  ).rejects.toThrow("x");
});

test("identifiers have 12 hexadecimal digits", () => {
  expect(randomUuid()).toMatch(/^[0-9a-f]{12}$/);
  expect(new RandomUuid().nextUuid()).not.toBe(new RandomUuid().nextUuid());
});
