import { expect, onTestFinished, test, vi } from "vitest";
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

test("a retry without time still tries twice, as no whole millisecond has passed, and gives what onTimeout gives", async () => {
  vi.useFakeTimers({ toFake: ["performance"] });
  onTestFinished(() => void vi.useRealTimers());
  const attempts: number[] = [];
  const attempt = async (number: number): Promise<number> => {
    attempts.push(number);
    if (number === 1) vi.advanceTimersByTime(1);
    return number;
  };

  const result = await new IntervalRetry<number, string>(5).retryUntil(
    attempt,
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
