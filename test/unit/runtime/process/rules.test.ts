import { expect, test } from "vitest";
import { type HealthState, nextState, startHealthMonitor } from "../../../../src/runtime/process/health";
import { nextRestartDelay } from "../../../../src/runtime/process/restart-policy";
import { parseSignal } from "../../../../src/runtime/process/signals";
import { checkMove } from "../../../../src/runtime/process/state";

const question = {
  policy: { name: "always", maximumRetryCount: 0 },
  exitCode: 1,
  restartCount: 0,
  isStopWanted: false,
  ranMs: 5,
} as const;

test("the delay before a restart doubles up to a minute", () => {
  const delays = [0, 1, 2, 9, 10, 99].map((restartCount) => nextRestartDelay({ ...question, restartCount }));
  expect(delays).toEqual([100, 200, 400, 51_200, 60_000, 60_000]);
});

test("after ten seconds of life the delay starts over", () => {
  expect(nextRestartDelay({ ...question, restartCount: 9, ranMs: 10_000 })).toBe(100);
});

test("a container stays down when asked to, when it succeeded or when its tries are used up", () => {
  const onFailure = { name: "on-failure", maximumRetryCount: 2 } as const;
  expect(nextRestartDelay({ ...question, isStopWanted: true })).toBeUndefined();
  expect(nextRestartDelay({ ...question, policy: onFailure, exitCode: 0 })).toBeUndefined();
  expect(nextRestartDelay({ ...question, policy: onFailure, restartCount: 2 })).toBeUndefined();
  expect(nextRestartDelay({ ...question, policy: onFailure, restartCount: 1 })).toBe(200);
});

test.each([
  ["TERM", 15],
  ["SIGKILL", 9],
  ["sigusr1", 10],
  ["15", 15],
  ["RTMIN+3", 37],
  ["SIGRTMAX-1", 63],
])("the signal %s is number %i", (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each(["", "0", "65", "NOPE", "SIG", "RTMIN+99"])("%j is no signal", (text) => {
  expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
});

test("a container makes only the moves of the table", () => {
  expect(() => checkMove("c1", "running", "paused")).not.toThrow();
  expect(() => checkMove("c1", "created", "paused")).toThrow("container c1 is created: it cannot become paused");
});

const starting: HealthState = { status: "starting", failingStreak: 0, log: [] };
const result = (exitCode: number): HealthState["log"][number] => ({ start: "s", end: "e", exitCode, output: "" });

test("a check is unhealthy after its retries and healthy after one success", () => {
  const rules = { retries: 2, isStarting: false };
  const once = nextState(starting, result(1), rules);
  const twice = nextState(once, result(1), rules);
  expect([once.status, twice.status, nextState(twice, result(0), rules).status]).toEqual([
    "starting",
    "unhealthy",
    "healthy",
  ]);
});

test("failures while the container starts do not count", () => {
  expect(nextState(starting, result(1), { retries: 1, isStarting: true })).toMatchObject({
    status: "starting",
    failingStreak: 0,
  });
});

test("the last five results are kept", () => {
  let state = starting;
  for (let code = 1; code <= 7; code++) state = nextState(state, result(code), { retries: 3, isStarting: false });
  expect(state.log.map(({ exitCode }) => exitCode)).toEqual([3, 4, 5, 6, 7]);
});

test("a monitor tells of changes, cuts output at 4096 bytes and ends a probe that takes too long", async () => {
  const check = {
    test: ["CMD-SHELL", "x"],
    intervalMs: 1,
    timeoutMs: 20,
    startPeriodMs: 0,
    startIntervalMs: 1,
    retries: 1,
  };
  const seen: string[] = [];
  let probes = 0;
  await new Promise<void>((resolve) => {
    const monitor = startHealthMonitor({
      check,
      probe: async (command, signal) => {
        expect(command).toEqual(["/bin/sh", "-c", "x"]);
        probes += 1;
        if (probes === 1) return { exitCode: 0, output: "é".repeat(4096) };
        return await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      },
      isPaused: () => false,
      onChange: (status) => {
        seen.push(status);
        if (status !== "unhealthy") return;
        const [first, second] = monitor.view().log;
        expect(Buffer.byteLength(first?.output ?? "")).toBe(4096);
        expect(second).toMatchObject({ exitCode: -1, output: "Health check exceeded timeout (20ms)" });
        monitor.stop();
        resolve();
      },
    });
  });
  expect(seen).toEqual(["healthy", "unhealthy"]);
});
