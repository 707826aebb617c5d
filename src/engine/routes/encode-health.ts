import type { HealthJson } from "../../wire/container";
import { defined } from "../http/json-fields";
import type { HealthCheckSpec } from "./container-spec";
import type { HealthView } from "./container-view";

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

/** What request and image say of a check; defaults are left out. */
export function encodeHealthCheck(stated: HealthCheckSpec): object {
  const { test, intervalMs, timeoutMs, startPeriodMs, startIntervalMs, retries } = stated;
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
