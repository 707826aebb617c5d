import type { HealthJson } from "../../wire/container";
import type { EffectiveConfig, HealthView } from "./container-view";

const nsPerMs = 1_000_000;

export function encodeHealth({ status, failingStreak, log }: HealthView): HealthJson {
  return {
    Status: status,
    FailingStreak: failingStreak,
    Log: log.map(({ start, end, exitCode, output }) => ({
      Start: start,
      End: end,
      ExitCode: exitCode,
      Output: output,
    })),
  };
}

/** The check that runs, defaults filled in. */
export function encodeHealthCheck(check: NonNullable<EffectiveConfig["healthCheck"]>): object {
  return {
    Test: check.test,
    Interval: check.intervalMs * nsPerMs,
    Timeout: check.timeoutMs * nsPerMs,
    StartPeriod: check.startPeriodMs * nsPerMs,
    StartInterval: check.startIntervalMs * nsPerMs,
    Retries: check.retries,
  };
}
