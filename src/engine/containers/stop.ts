import { RuncibleError } from "../../internal/errors";
import { removalInProgress } from "../../wire/docker-errors";
import type { StopOptions } from "../routes/container-service";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { endRun } from "./end-run";
import { publishContainerEvent } from "./publish";
import { startLocked } from "./start";

/** `ContainerService.stop`. */
export async function stopContainer(
  context: ContainerContext,
  container: Container,
  options: StopOptions,
): Promise<void> {
  container.isStopWanted = true;
  container.restartPause?.abort();
  if (!container.isRunning) throw new RuncibleError("not-modified", `container ${container.id} does not run`);
  await endRun(context, container, options);
  publishContainerEvent(context, container, "stop");
}

/** `ContainerService.restart`. */
export async function restartContainer(
  context: ContainerContext,
  container: Container,
  options: StopOptions,
): Promise<void> {
  container.isStopWanted = true;
  container.restartPause?.abort();
  if (container.isRunning) await endRun(context, container, options);
  await container.lock.run(async () => {
    if (container.isRemoving) throw removalInProgress(container.id);
    container.isStopWanted = false;
    if (!container.isRunning) await startLocked(context, container);
  });
  publishContainerEvent(context, container, "restart");
}
