import type { HealthCheck } from "../../runtime/image/manifest";
import type { HealthCheckSpec } from "../routes/container-spec";
import type { EffectiveConfig } from "../routes/container-view";

const nsPerMs = 1_000_000;

/** Docker's defaults. */
const defaults = { intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, startIntervalMs: 5000, retries: 3 };

/** Request and image merged field by field; undefined when neither has a check, or one of them switches it off. */
export function effectiveHealthCheck(
  request: HealthCheckSpec | undefined,
  image: HealthCheck | undefined,
): EffectiveConfig["healthCheck"] {
  if (request?.disabled === true) return undefined;
  const inherited = inheritedCheck(image);
  const test = request?.test ?? inherited.test ?? [];
  if (test.length === 0 || test[0] === "NONE") return undefined;
  const { disabled: _, ...own } = request ?? { disabled: false };
  const given = { ...inherited, ...own, test };
  return { ...defaults, ...given, given };
}

function inheritedCheck(image: HealthCheck | undefined): Omit<HealthCheckSpec, "disabled"> {
  const times = {
    intervalMs: (image?.Interval ?? 0) / nsPerMs,
    timeoutMs: (image?.Timeout ?? 0) / nsPerMs,
    startPeriodMs: (image?.StartPeriod ?? 0) / nsPerMs,
    startIntervalMs: (image?.StartInterval ?? 0) / nsPerMs,
    retries: image?.Retries ?? 0,
  };
  const set = Object.fromEntries(Object.entries(times).filter(([, value]) => value > 0));
  return image?.Test === undefined ? set : { ...set, test: image.Test };
}
