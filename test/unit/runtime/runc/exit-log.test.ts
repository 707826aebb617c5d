import { expect, test } from "vitest";
import { exitCodeIn } from "../../../../src/runtime/runc/exit-log";

const line = (pid: number, status: number): string =>
  JSON.stringify({ level: "debug", msg: "process exited", pid, status });

test("the log tells the exit code of the process asked for", () => {
  expect(exitCodeIn(`{"level":"debug","msg":"about to exec"}\n${line(7, 1)}\n${line(8, 137)}\n`, 8)).toBe(137);
});

test.each([
  ["a process that runs", line(7, 0)],
  ["a line that is half written", line(8, 3).slice(0, -4)],
  ["no log", ""],
])("of %s it tells nothing", (_, log) => {
  expect(exitCodeIn(log, 8)).toBeUndefined();
});
