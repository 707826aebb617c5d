import type { EngineClient } from "../../client/client";
import { log } from "../log";
import { HealthCheckWaitStrategy } from "./health-check";
import { ListeningPortsWaitStrategy } from "./listening-ports";
import type { WaitStrategy } from "./wait-strategy";

/** Docker says Healthcheck in the configuration; versions of Podman say it in each of these ways and places. */
interface MayHaveHealthCheck {
  readonly Healthcheck?: unknown;
  readonly HealthCheck?: unknown;
}

interface Inspected extends MayHaveHealthCheck {
  readonly Config?: MayHaveHealthCheck | null;
  readonly ContainerConfig?: MayHaveHealthCheck | null;
}

/** What an inspected container tells. */
interface InspectedContainer extends Inspected {
  /** The image's id. */
  readonly Image: string;
  readonly Config: MayHaveHealthCheck & { readonly Image: string };
  readonly State: object;
}

interface HealthState {
  readonly Health?: { readonly Status: string } | null;
  readonly Healthcheck?: { readonly Status: string } | null;
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
  inspect: InspectedContainer,
): Promise<boolean> {
  const test = testOf(inspect);
  if (test !== undefined) return !isDisabled(test);
  const { Health, Healthcheck }: HealthState = inspect.State;
  if (Health?.Status || Healthcheck?.Status) return true;
  // Others may not show an image's health check on its container; ours does, and a start is saved a request.
  return !isOwnEngine && (await imageHasHealthCheck(engine, [inspect.Config.Image, inspect.Image]));
}

/** `names`: of one image, which may have lost some of them. */
async function imageHasHealthCheck(engine: EngineClient, names: readonly string[]): Promise<boolean> {
  for (const name of new Set(names)) {
    try {
      const imageTest = testOf(await engine.images.inspect(name));
      return imageTest !== undefined && !isDisabled(imageTest);
    } catch (error) {
      log.warn(`Failed to inspect image ${name} for a health check: ${error}`);
    }
  }
  return false;
}

function testOf(inspect: Inspected): readonly string[] | undefined {
  const places = [inspect.Config, inspect.ContainerConfig, inspect];
  return places
    .flatMap((place) => [place?.Healthcheck, place?.HealthCheck])
    .map(wordsOf)
    .find((words) => words !== undefined);
}

function wordsOf(healthCheck: unknown): readonly string[] | undefined {
  if (typeof healthCheck !== "object" || healthCheck === null || !("Test" in healthCheck)) return undefined;
  const { Test: test } = healthCheck;
  return Array.isArray(test) && test.length > 0 ? test : undefined;
}

function isDisabled([first = ""]: readonly string[]): boolean {
  return first.toUpperCase() === "NONE";
}
