import type { HealthJson } from "../../wire/container";
import { defined } from "../http/json-fields";
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

/** What request and image say of the check that runs; defaults are left out. */
export function encodeHealthCheck(check: NonNullable<EffectiveConfig["healthCheck"]>): object {
  const { test, intervalMs, timeoutMs, startPeriodMs, startIntervalMs, retries } = check.given ?? check;
  return defined({
    Test: test,
    Interval: nanoseconds(intervalMs),
    Timeout: nanoseconds(timeoutMs),
    StartPeriod: nanoseconds(startPeriodMs),
    StartInterval: nanoseconds(startIntervalMs),
    Retries: retries,
  });
}

function nanoseconds(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : milliseconds * nsPerMs;
}
