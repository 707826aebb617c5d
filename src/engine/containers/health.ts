import type { ContainerRun } from "../../runtime/container";
import { startHealthMonitor } from "../../runtime/process/health";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { execProbe } from "./exec-process";
import { publishContainerEvent } from "./publish";

/** Starts the health check of a run, if it has one. It ends with `container.health.stop()`. */
export function startHealth(context: ContainerContext, container: Container, run: ContainerRun): void {
  const { healthCheck } = container.record.config;
  if (healthCheck === undefined) return;
  container.health = startHealthMonitor({
    check: healthCheck,
    probe: (command, signal) =>
      execProbe(context, container, run, { command, signal }).catch(async (error: unknown) => {
        // A pause under way, which refuses it, is then known as such.
        await container.lock.run(async () => {});
        throw error;
      }),
    isPaused: () => container.record.state.status === "paused",
    onChange: (status) => publishContainerEvent(context, container, `health_status: ${status}`),
  });
}
