import { expect, test } from "vitest";
import { type Admission, MemoryQueue, type RunningClaim } from "../../../src/engine/memory/memory-queue";
import { deferred } from "../../../src/internal/deferred";
import { createLogger } from "../../../src/internal/log";

const mebibyte = 1024 * 1024;
/** What the queue leaves to others. */
const margin = 64;

interface Machine {
  readonly lines: string[];
  readonly running: Map<string, RunningClaim>;
  freeMebibytes: number;
  readonly queue: MemoryQueue;
  /** Resolves when it may start; it runs from then on. */
  start(name: string, mebibytes: number, isGivenUp?: () => boolean): Promise<Admission>;
}

function machine(options: { readonly budget?: number; readonly waitLimitMs?: number } = {}): Machine {
  const lines: string[] = [];
  const running = new Map<string, RunningClaim>();
  const made: Machine = {
    lines,
    running,
    freeMebibytes: 1_000_000,
    queue: new MemoryQueue({
      facts: { freeBytes: async () => made.freeMebibytes * mebibyte, claims: () => running },
      budgetBytes: options.budget === undefined ? undefined : options.budget * mebibyte,
      waitLimitMs: options.waitLimitMs ?? 60_000,
      logger: createLogger((line) => lines.push(line), "info"),
    }),
    start: async (name, mebibytes, isGivenUp = () => false) => {
      const admission = await made.queue.admit({ id: name, name, bytes: mebibytes * mebibyte, isGivenUp });
      if (!isGivenUp()) running.set(name, claim(mebibytes));
      admission.settle();
      return admission;
    },
  };
  return made;
}

function claim(mebibytes: number, untaken = mebibytes, isSettled = false): RunningClaim {
  return { bytes: mebibytes * mebibyte, isSettled, untakenBytes: async () => untaken * mebibyte };
}

test("a container that would be alone starts, whatever it may take", async () => {
  const { start, lines } = machine({ budget: 10 });
  await start("huge", 1000);
  expect(lines).toEqual([]);
});

test("who does not fit waits until somebody ends, and is told of it", async () => {
  const { start, running, lines } = machine({ budget: 100 });
  await start("first", 60);
  const order: string[] = [];
  const startNext = async (name: string, mebibytes: number): Promise<Admission> => {
    const admission = await start(name, mebibytes);
    order.push(name);
    return admission;
  };
  const second = startNext("second", 60);
  const third = startNext("third", 10);
  await logged(lines, "start waits for memory");
  // The third would fit, and waits for its turn all the same.
  expect([...running.keys()]).toEqual(["first"]);
  running.delete("first");
  const admissions = await Promise.all([second, third]);
  expect(order).toEqual(["second", "third"]);
  expect(Math.min(...admissions.map(({ waitedMs }) => waitedMs))).toBeGreaterThan(0);
  expect(lines.join("\n")).toMatch(/waits for memory container=second needs="60 MiB" free="40 MiB" running=1/);
  expect(lines.join("\n")).toMatch(/waited \d+\.\d s for memory container=second/);
});

test("looking for memory is no waiting for it, however long it takes", async () => {
  const freeBytes = async (): Promise<number> => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return 1000 * mebibyte;
  };
  const facts = { freeBytes, claims: () => new Map() };
  const queue = new MemoryQueue({ facts, budgetBytes: undefined, waitLimitMs: 60_000, logger: createLogger(() => {}) });
  const admissions = await Promise.all(
    ["one", "two"].map((name) => queue.admit({ id: name, name, bytes: mebibyte, isGivenUp: () => false })),
  );
  expect(admissions.map(({ waitedMs }) => waitedMs)).toEqual([0, 0]);
});

test("of many at once no more run than fit", async () => {
  const { start, running } = machine({ budget: 100 });
  const { promise: go, resolve } = deferred();
  let most = 0;
  const all = Array.from({ length: 20 }, async (_, index) => {
    await start(`c${index}`, 30);
    most = Math.max(most, running.size);
    if (most === 3) resolve();
    await go;
    running.delete(`c${index}`);
  });
  await Promise.all(all);
  expect(most).toBe(3);
});

test("what a limited container has not taken yet is not free", async () => {
  const one = machine({ waitLimitMs: 0 });
  one.freeMebibytes = margin + 500;
  one.running.set("limited", claim(400, 300));
  await one.start("fits", 200);
  expect(one.lines).toEqual([]);
  await one.start("does not", 200);
  expect(one.lines.join()).toContain("goes ahead without enough memory");
});

test("what has taken what it needs is told by the free memory alone", async () => {
  const one = machine({ waitLimitMs: 0 });
  one.freeMebibytes = margin + 500;
  one.running.set("settled", claim(400, 400, true));
  await one.start("fits", 500);
  expect(one.lines).toEqual([]);
});

test("a start that nobody wants any more lets the others pass", async () => {
  const { start, running, lines } = machine({ budget: 100 });
  await start("first", 60);
  let isGivenUp = false;
  const second = start("second", 60, () => isGivenUp);
  const third = start("third", 40);
  await logged(lines, "start waits for memory");
  isGivenUp = true;
  await Promise.all([second, third]);
  expect([...running.keys()]).toEqual(["first", "third"]);
});

async function logged(lines: readonly string[], text: string): Promise<void> {
  while (!lines.some((line) => line.includes(text))) await new Promise((resolve) => setTimeout(resolve, 5));
}
