import { afterEach, expect, test, vi } from "vitest";
import { nowNs } from "../../../src/internal/steady-clock";

const hourMs = 3_600_000;

afterEach(() => void vi.restoreAllMocks());

function setClock(byMs: number): void {
  const real = Date.now.bind(Date);
  const start = real();
  const tick = performance.now();
  vi.spyOn(Date, "now").mockImplementation(() => Math.floor(start + byMs + performance.now() - tick));
}

test("a clock that is set back does not take time back, and time goes on", async () => {
  const before = nowNs();
  setClock(-hourMs);
  const after = nowNs();
  expect(after).toBeGreaterThan(before);
  await vi.waitUntil(() => nowNs() > after, 30_000);
  expect(nowNs() - before).toBeLessThan(60_000_000_000n);
});

test("a clock that is set forward is followed", () => {
  const before = nowNs();
  setClock(hourMs);
  expect(nowNs() - before).toBeGreaterThanOrEqual(BigInt(hourMs - 1000) * 1_000_000n);
});
