import { RuncibleError } from "../../internal/errors";
import type { ContainerInspect } from "../../wire/container";
import { inspectResultOf } from "../container/inspect-result";
import type { ContainerHandle } from "../runtime/container-handle";
import { getRuntime } from "../runtime/runtime";
import { poll, waitWithContainer } from "./until";
import { AbstractWaitStrategy } from "./wait-strategy";

const intervalMs = 50;

/** The container's own health check passes. Its failure ends the wait at once. */
export class HealthCheckWaitStrategy extends AbstractWaitStrategy {
  override toString(): string {
    return "the health check";
  }

  async waitUntilReady(container: ContainerHandle): Promise<void> {
    const { engine } = await getRuntime();
    let probe = "";
    const limits = {
      engine,
      containerId: container.id,
      timeoutMs: this.startupTimeoutMs,
      describeTimeout: () => `Health check not healthy after ${this.startupTimeoutMs}ms${probe}`,
    };
    await waitWithContainer(limits, (signal) =>
      poll(signal, intervalMs, async () => {
        const inspect = await engine.containers.inspect(container.id);
        const { healthCheckStatus } = inspectResultOf(inspect);
        probe = lastProbe(inspect);
        if (healthCheckStatus === "unhealthy") {
          throw new RuncibleError("wait-timeout", `Health check failed: unhealthy${probe}`);
        }
        return healthCheckStatus === "healthy";
      }),
    );
  }
}

function lastProbe({ State }: ContainerInspect): string {
  const probe = State.Health?.Log?.at(-1);
  return probe === undefined ? "" : ` (its last probe ended with ${probe.ExitCode}: ${probe.Output.trim()})`;
}
