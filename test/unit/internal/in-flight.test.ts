import { setImmediate } from "node:timers/promises";
import { expect, test } from "vitest";
import { createInFlight } from "../../../src/internal/in-flight";

test("a task is begun when there is room, and all are waited for in the end", async () => {
  const flight = createInFlight(2);
  const ends: (() => void)[] = [];
  const task = (): Promise<void> => new Promise((resolve) => ends.push(resolve));
  await flight.begin(task);
  await flight.begin(task);
  const third = flight.begin(task);
  await setImmediate();
  expect(ends).toHaveLength(2);

  ends[1]?.();
  await third;

  expect(ends).toHaveLength(3);
  let isSettled = false;
  const settled = flight.settled().then(() => {
    isSettled = true;
  });
  ends[0]?.();
  await setImmediate();
  expect(isSettled).toBe(false);
  ends[2]?.();
  await settled;
});

test("what fails first is thrown by whoever comes next, and nothing is begun any more", async () => {
  const flight = createInFlight(1);
  await flight.begin(async () => {
    throw new Error("first");
  });
  let isBegun = false;

  const late = flight.begin(async () => {
    isBegun = true;
  });

  await expect(late).rejects.toThrow("first");
  expect(isBegun).toBe(false);
  await expect(flight.settled()).rejects.toThrow("first");
});
