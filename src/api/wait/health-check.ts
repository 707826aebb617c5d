import type { EngineClient } from "../../client/client";
import { RuncibleError } from "../../internal/errors";
import type { ContainerInspect } from "../../wire/container";
import { inspectResultOf } from "../container/inspect-result";
import type { ContainerHandle } from "../runtime/container-handle";
import { getRuntime } from "../runtime/runtime";
import { poll, waitWithContainer } from "./until";
import { AbstractWaitStrategy } from "./wait-strategy";

/** On other daemons, whose events may lack health (Podman's). */
const intervalMs = 50;

/** The container's own health check passes. Its failure ends the wait at once. */
export class HealthCheckWaitStrategy extends AbstractWaitStrategy {
  override toString(): string {
    return "the health check";
  }

  async waitUntilReady(container: ContainerHandle): Promise<void> {
    const { engine, isOwnEngine } = await getRuntime();
    const limits = {
      engine,
      containerId: container.id,
      timeoutMs: this.startupTimeoutMs,
      // A probe that fails is no change yet, so that none is told.
      describeTimeout: async () => {
        const found = await engine.containers.inspect(container.id).then(describeHealth, () => "");
        return `Health check not healthy after ${this.startupTimeoutMs}ms${found}`;
      },
    };
    const isHealthy = async (): Promise<boolean> => {
      const inspect = await engine.containers.inspect(container.id);
      const { healthCheckStatus } = inspectResultOf(inspect);
      if (healthCheckStatus === "unhealthy") {
        throw new RuncibleError("container-unhealthy", `Health check failed: unhealthy${lastProbe(inspect)}`);
      }
      return healthCheckStatus === "healthy";
    };
    await waitWithContainer(limits, (signal) =>
      isOwnEngine ? atEachChange(engine, container.id, signal, isHealthy) : poll(signal, intervalMs, isHealthy),
    );
  }
}

/** Subscribed before the first look, so that nothing happens in between unseen. */
async function atEachChange(
  engine: EngineClient,
  id: string,
  signal: AbortSignal,
  isHealthy: () => Promise<boolean>,
): Promise<void> {
  const filters = new Map([
    ["container", [id]],
    ["event", ["health_status"]],
  ]);
  try {
    const changes = await engine.events.subscribe({ filters, signal });
    if (await isHealthy()) return;
    for await (const _change of changes) if (await isHealthy()) return;
  } catch (error) {
    if (signal.aborted) return;
    throw error;
  }
  if (!signal.aborted)
    throw new RuncibleError("engine-unreachable", "wait for the health check: the engine ended its events");
}

function describeHealth(inspect: ContainerInspect): string {
  if (inspect.State.Health !== undefined) return lastProbe(inspect);
  return " (neither the container nor its image has one: see withHealthCheck)";
}

function lastProbe({ State }: ContainerInspect): string {
  const probe = State.Health?.Log?.at(-1);
  return probe === undefined ? "" : ` (its last probe ended with ${probe.ExitCode}: ${probe.Output.trim()})`;
}
