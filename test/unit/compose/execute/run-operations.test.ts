import { setImmediate } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { runOperations } from "../../../../src/compose/execute/run-operations";
import type { Operation } from "../../../../src/compose/plan/operation";
import { deferred } from "../../../../src/internal/deferred";

const step = (name: string, ...after: string[]): Operation => ({
  id: name,
  after,
  action: { kind: "remove-volume", name },
});
const nameOf = (action: Operation["action"]): string => ("name" in action ? action.name : "");
const ignore = (): void => {};

test("a step begins when those it waits for are done, and others do not hold it up", async () => {
  const log: string[] = [];
  const slow = deferred();
  const run = runOperations(
    [step("slow"), step("quick"), step("after-quick", "quick"), step("after-both", "quick", "slow")],
    async (action) => {
      if (nameOf(action) === "slow") await slow.promise;
      log.push(nameOf(action));
      if (nameOf(action) === "after-quick") slow.resolve();
    },
    ignore,
  );
  await run;
  expect(log).toEqual(["quick", "after-quick", "slow", "after-both"]);
});

test("after a failure nothing begins, waits are broken off, and the first error is thrown", async () => {
  const log: string[] = [];
  const waiting = deferred();
  const run = runOperations(
    [step("waits"), step("fails"), step("after", "fails")],
    (action, signal) => {
      log.push(nameOf(action));
      if (nameOf(action) === "fails") return waiting.promise.then(() => Promise.reject(new TypeError("first")));
      waiting.resolve();
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(new TypeError("broken off"))));
    },
    ignore,
  );
  await expect(run).rejects.toThrow("first");
  expect(log).toEqual(["waits", "fails"]);
});

test("cancelling from outside ends with the code aborted, and every step is told as it is", async () => {
  const cancel = new AbortController();
  const events: string[] = [];
  const run = runOperations(
    [step("done"), step("waits", "done"), step("never", "waits")],
    async (action, signal) => {
      if (nameOf(action) === "done") return;
      cancel.abort();
      signal.throwIfAborted();
    },
    (event) => events.push(event.kind === "warning" ? "" : `${event.kind} ${nameOf(event.action)}`),
    { signal: cancel.signal },
  );
  await expect(run).rejects.toMatchObject({ code: "aborted" });
  expect(events).toEqual(["begin done", "done done", "begin waits"]);
});

test("what is taken away goes on after a failure, and the first error is thrown at the end", async () => {
  const log: string[] = [];
  const run = runOperations(
    [step("fails"), step("after", "fails"), step("other")],
    async (action) => {
      log.push(nameOf(action));
      if (nameOf(action) === "fails") throw new TypeError("first");
    },
    ignore,
    { goesOn: true },
  );
  await expect(run).rejects.toThrow("first");
  expect(log).toEqual(["fails", "other", "after"]);
});

test("any number of steps may listen to the signal without a warning of Node", async () => {
  const warnings: string[] = [];
  const onWarning = ({ name }: Error): void => void warnings.push(name);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  const steps = Array.from({ length: 12 }, (_, index) => step(`${index}`));
  await runOperations(steps, async (_action, signal) => signal.addEventListener("abort", () => {}), ignore);
  await setImmediate();
  expect(warnings).toEqual([]);
});
