import type { EngineClient } from "../../client/client";
import { log } from "../log";
import { HealthCheckWaitStrategy } from "./health-check";
import { ListeningPortsWaitStrategy } from "./listening-ports";
import type { WaitStrategy } from "./wait-strategy";

/** What an inspected container tells; Podman writes HealthCheck. */
interface InspectedContainer {
  readonly Config: { readonly Image: string; readonly Healthcheck?: unknown; readonly HealthCheck?: unknown };
  readonly State: { readonly Health?: { readonly Status: string } | undefined };
}

/** The health check if container or image have one, else the listening ports. */
export async function defaultWaitStrategy(
  daemon: { readonly engine: EngineClient; readonly isOwnEngine: boolean },
  inspect: InspectedContainer,
): Promise<WaitStrategy> {
  return (await hasHealthCheck(daemon, inspect)) ? new HealthCheckWaitStrategy() : new ListeningPortsWaitStrategy();
}

async function hasHealthCheck(
  { engine, isOwnEngine }: Parameters<typeof defaultWaitStrategy>[0],
  { Config, State }: InspectedContainer,
): Promise<boolean> {
  const test = testOf(Config);
  if (test !== undefined) return !isDisabled(test);
  if (State.Health?.Status) return true;
  // Others may not show an image's health check on its container; ours does, and a start is saved a request.
  if (isOwnEngine) return false;
  try {
    const image = await engine.images.inspect(Config.Image);
    const imageTest = testOf(image.Config);
    return imageTest !== undefined && !isDisabled(imageTest);
  } catch (error) {
    log.warn(`Failed to inspect image ${Config.Image} for a health check: ${error}`);
    return false;
  }
}

function testOf(
  config: { readonly Healthcheck?: unknown; readonly HealthCheck?: unknown } | null,
): readonly string[] | undefined {
  const healthCheck = config?.Healthcheck ?? config?.HealthCheck;
  if (typeof healthCheck !== "object" || healthCheck === null || !("Test" in healthCheck)) return undefined;
  const test = healthCheck.Test;
  return Array.isArray(test) && test.length > 0 ? test : undefined;
}

function isDisabled([first = ""]: readonly string[]): boolean {
  return first.toUpperCase() === "NONE";
}
