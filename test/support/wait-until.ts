import { setTimeout as delay } from "node:timers/promises";

/** Reads a condition again and again until it is true or the time is up; tells which. */
export async function waitUntil(condition: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() >= deadline) return false;
    await delay(10);
  }
  return true;
}
