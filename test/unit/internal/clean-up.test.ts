import { expect, test, vi } from "vitest";
import { cleanUp } from "../../../src/internal/clean-up";
import { createUndoStack } from "../../../src/internal/undo";

function systemError(code: string): Error {
  return Object.assign(new TypeError(code), { code });
}

test("a step that fails because the machine is used up is done later, and nobody is told", async () => {
  const failures = [systemError("EMFILE"), systemError("EAGAIN")];
  const report = vi.fn();
  let isDone = false;
  const step = async (): Promise<void> => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    isDone = true;
  };

  await cleanUp(step, report);

  expect(isDone).toBe(false);
  await vi.waitUntil(() => isDone, 30_000);
  expect(report).not.toHaveBeenCalled();
});

test("another failure is reported at once, also when it comes later", async () => {
  const report = vi.fn();
  await cleanUp(async () => Promise.reject(systemError("EBUSY")), report);
  expect(report).toHaveBeenCalledTimes(1);

  const failures = [systemError("ENFILE"), systemError("EBUSY")];
  await cleanUp(async () => Promise.reject(failures.shift()), report);
  await vi.waitUntil(() => report.mock.calls.length === 2, 30_000);
  expect(failures).toEqual([]);
});

test("steps back wait for the one before them, also when that is done later", async () => {
  const undo = createUndoStack();
  const done: string[] = [];
  const failures = [systemError("EMFILE")];
  undo.push(async () => done.push("first"));
  undo.push(async () => {
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    done.push("second");
  });

  await undo.unwind(() => {});

  expect(done).toEqual([]);
  await vi.waitUntil(() => done.length === 2, 30_000);
  expect(done).toEqual(["second", "first"]);
});
