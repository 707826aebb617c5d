import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import { amountField, defined, listField } from "../http/json-fields";
import type { HealthCheckSpec } from "./container-spec";

const nsPerMs = 1_000_000;

/** Throws `invalid-argument` for times under a millisecond. */
export function decodeHealthCheck(json: JsonObject): HealthCheckSpec {
  const test = listField(json, "Test");
  const times = defined({
    intervalMs: milliseconds(json, "Interval"),
    timeoutMs: milliseconds(json, "Timeout"),
    startPeriodMs: milliseconds(json, "StartPeriod"),
    startIntervalMs: milliseconds(json, "StartInterval"),
    retries: retries(json),
  });
  return { ...times, ...(test.length === 0 ? {} : { test }) };
}

function milliseconds(json: JsonObject, key: string): number | undefined {
  const nanoseconds = amountField(json, key);
  if (nanoseconds !== undefined && nanoseconds < nsPerMs) {
    throw new RuncibleError("invalid-argument", `${key} in Healthcheck cannot be less than 1ms`);
  }
  return nanoseconds === undefined ? undefined : nanoseconds / nsPerMs;
}

function retries(json: JsonObject): number | undefined {
  const count = amountField(json, "Retries");
  if (count !== undefined && count < 0) {
    throw new RuncibleError("invalid-argument", "Retries in Healthcheck cannot be negative");
  }
  return count;
}
