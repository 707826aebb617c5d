import { RuncibleError } from "../../internal/errors";
import { removalInProgress } from "../../wire/docker-errors";
import type { StopOptions } from "../routes/container-service";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { endRun } from "./end-run";
import { publishContainerEvent } from "./publish";
import { startLocked, throwIfStoppedWhileWaiting, untilMemoryIsFree } from "./start";

/** `ContainerService.stop`. Of a container that waits for its restart it ends the wait. */
export async function stopContainer(
  context: ContainerContext,
  container: Container,
  options: StopOptions,
): Promise<void> {
  const isRestarting = container.record.state.status === "restarting";
  if (await endWhatRuns(context, container, options)) publishContainerEvent(context, container, "stop");
  else if (!isRestarting) throw new RuncibleError("not-modified", `container ${container.id} does not run`);
}

/** `ContainerService.restart`. */
export async function restartContainer(
  context: ContainerContext,
  container: Container,
  options: StopOptions,
): Promise<void> {
  // One that has no place yet asks for it, as at any start.
  const admission = container.keepsMemory ? undefined : await untilMemoryIsFree(context, container);
  try {
    if (admission !== undefined) throwIfStoppedWhileWaiting(container);
    container.isRestartWanted = true;
    if (await endWhatRuns(context, container, options)) publishContainerEvent(context, container, "stop");
    await container.lock.run(async () => {
      if (container.isRemoving) throw removalInProgress(container.id);
      container.isStopWanted = false;
      if (!container.isRunning) await startLocked(context, container);
    });
  } finally {
    container.isRestartWanted = false;
    admission?.settle();
  }
  publishContainerEvent(context, container, "restart");
}

/** Whether there was something to end. A start that is under way is waited for, and what it started is ended. */
async function endWhatRuns(context: ContainerContext, container: Container, options: StopOptions): Promise<boolean> {
  container.isStopWanted = true;
  container.restartPause?.abort();
  const isRunning = await container.lock.run(async () => {
    // Once more: the start that was waited for has reset it.
    container.isStopWanted = true;
    return container.isRunning;
  });
  if (isRunning) await endRun(context, container, options);
  return isRunning;
}
