import type { HealthCheck } from "../../runtime/image/manifest";
import type { HealthCheckSpec } from "../routes/container-spec";
import type { EffectiveConfig } from "../routes/container-view";

const nsPerMs = 1_000_000;

/** Docker's defaults. */
const defaults = { intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, startIntervalMs: 5000, retries: 3 };

/** Request and image merged field by field: what is shown, and, when that has a command, the check that runs. */
export function effectiveHealthCheck(
  request: HealthCheckSpec | undefined,
  image: HealthCheck | undefined,
): Pick<EffectiveConfig, "healthCheck" | "statedHealthCheck"> {
  const stated = { ...inheritedCheck(image), ...request };
  if (request === undefined && Object.keys(stated).length === 0) return {};
  const { test = [] } = stated;
  if (test.length === 0 || test[0] === "NONE") return { statedHealthCheck: stated };
  return { statedHealthCheck: stated, healthCheck: { ...defaults, ...stated, test } };
}

function inheritedCheck(image: HealthCheck | undefined): HealthCheckSpec {
  const times = {
    intervalMs: (image?.Interval ?? 0) / nsPerMs,
    timeoutMs: (image?.Timeout ?? 0) / nsPerMs,
    startPeriodMs: (image?.StartPeriod ?? 0) / nsPerMs,
    startIntervalMs: (image?.StartInterval ?? 0) / nsPerMs,
    retries: image?.Retries ?? 0,
  };
  const set = Object.fromEntries(Object.entries(times).filter(([, value]) => value > 0));
  return image?.Test === undefined || image.Test.length === 0 ? set : { ...set, test: image.Test };
}
