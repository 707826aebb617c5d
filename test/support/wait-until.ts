import { setTimeout as delay } from "node:timers/promises";

/**
 * Reads a condition again and again until it is true or the time is up; tells which. Looks once more after that: a
 * machine that stood still may have let the time pass between two looks.
 */
export async function waitUntil(condition: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const isLastLook = Date.now() >= deadline;
    if (await condition()) return true;
    if (isLastLook) return false;
    await delay(10);
  }
}
