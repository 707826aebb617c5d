import { setTimeout as delay } from "node:timers/promises";
import { messageOf } from "../../internal/errors";

export interface HealthSettings {
  /** `["CMD", …]` or `["CMD-SHELL", line]`. */
  readonly test: readonly string[];
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly startPeriodMs: number;
  /** Between probes in the start period. */
  readonly startIntervalMs: number;
  readonly retries: number;
}

export type HealthStatus = "starting" | "healthy" | "unhealthy";

export interface HealthResult {
  readonly start: string;
  readonly end: string;
  readonly exitCode: number;
  readonly output: string;
}

export interface HealthState {
  readonly status: HealthStatus;
  readonly failingStreak: number;
  /** The last five, oldest first. */
  readonly log: readonly HealthResult[];
}

/** Runs the check in the container. The signal ends a probe that takes too long. */
export type HealthProbe = (
  command: readonly string[],
  signal: AbortSignal,
) => Promise<{ readonly exitCode: number; readonly output: string }>;

export interface HealthMonitor {
  view(): HealthState;
  /** Ends the monitor and a probe under way. Idempotent. */
  stop(): void;
}

const keptResults = 5;
const outputLimit = 4096;

export function startHealthMonitor(options: {
  readonly check: HealthSettings;
  readonly probe: HealthProbe;
  readonly onChange: (status: HealthStatus) => void;
  /** Whether the container stands still: nothing is asked of it then. */
  readonly isPaused: () => boolean;
}): HealthMonitor {
  const { check, probe, onChange, isPaused } = options;
  const controller = new AbortController();
  const startedAt = performance.now();
  let state: HealthState = { status: "starting", failingStreak: 0, log: [] };

  const isStarting = (): boolean => state.status === "starting" && performance.now() - startedAt < check.startPeriodMs;

  const watch = async (): Promise<void> => {
    while (!controller.signal.aborted) {
      await pause(isStarting() ? check.startIntervalMs : check.intervalMs, controller.signal);
      if (controller.signal.aborted) return;
      if (isPaused()) continue;
      const result = await runProbe(check, probe, controller.signal);
      if (controller.signal.aborted) return;
      // It was refused because the container was paused meanwhile: that says nothing.
      if (result.exitCode !== 0 && isPaused()) continue;
      const before = state.status;
      state = nextState(state, result, { retries: check.retries, isStarting: isStarting() });
      if (state.status !== before) onChange(state.status);
    }
  };
  void watch();
  return { view: () => state, stop: () => controller.abort() };
}

/** Pure: what one result makes of the state. Failures while the container starts do not count. */
export function nextState(
  state: HealthState,
  result: HealthResult,
  rules: { readonly retries: number; readonly isStarting: boolean },
): HealthState {
  const log = [...state.log, result].slice(-keptResults);
  if (result.exitCode === 0) return { status: "healthy", failingStreak: 0, log };
  if (rules.isStarting) return { ...state, log };
  const failingStreak = state.failingStreak + 1;
  return { status: failingStreak >= rules.retries ? "unhealthy" : state.status, failingStreak, log };
}

/** The program a check stands for. */
export function checkCommand(test: readonly string[]): readonly string[] {
  const [form, ...rest] = test;
  return form === "CMD-SHELL" ? ["/bin/sh", "-c", rest.join(" ")] : rest;
}

async function runProbe(check: HealthSettings, probe: HealthProbe, signal: AbortSignal): Promise<HealthResult> {
  const start = new Date().toISOString();
  const timeout = AbortSignal.timeout(check.timeoutMs);
  const result = await probe(checkCommand(check.test), AbortSignal.any([timeout, signal])).catch((error: unknown) => ({
    exitCode: -1,
    output: messageOf(error),
  }));
  const end = new Date().toISOString();
  if (timeout.aborted) {
    return { start, end, exitCode: -1, output: `Health check exceeded timeout (${check.timeoutMs}ms)` };
  }
  return { start, end, exitCode: result.exitCode, output: firstBytes(result.output) };
}

function firstBytes(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= outputLimit ? text : bytes.subarray(0, outputLimit).toString("utf8");
}

/** Returns early when the signal comes. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await delay(milliseconds, undefined, { signal }).catch(() => {});
}
