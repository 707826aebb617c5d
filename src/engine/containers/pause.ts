import { setTimeout as delay } from "node:timers/promises";
import { hasCode, RuncibleError } from "../../internal/errors";
import type { ContainerRun } from "../../runtime/container";
import { containerNotRunning } from "../../wire/docker-errors";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { runOf, unpausedRunOf } from "./find";
import { publishContainerEvent } from "./publish";

/** `ContainerService.pause`. */
export async function pauseContainer(context: ContainerContext, container: Container): Promise<void> {
  await container.lock.run(async () => {
    if (container.record.state.status === "paused") {
      throw new RuncibleError("container-state", `Container ${container.id} is already paused`);
    }
    const run = unpausedRunOf(container);
    await orEnded(container, run, run.group.pause());
    await container.changeState({ status: "paused" });
  });
  publishContainerEvent(context, container, "pause");
}

/** Its process may be ending just now: that is then what keeps it from being paused or unpaused, and is said. */
async function orEnded(container: Container, run: ContainerRun, change: Promise<void>): Promise<void> {
  try {
    await change;
  } catch (error) {
    if (!(await hasEndedWithin(run, endNoticedMs))) throw error;
    throw containerNotRunning(container.id);
  }
}

/** runc knows of the end of a process some milliseconds before it ends itself. */
const endNoticedMs = 1_000;

async function hasEndedWithin({ process }: ContainerRun, milliseconds: number): Promise<boolean> {
  const given = new AbortController();
  const ended = process.exited.then(() => true);
  const late = delay(milliseconds, false, { signal: given.signal }).catch(() => false);
  const hasEnded = await Promise.race([ended, late]);
  given.abort();
  return hasEnded;
}

/** `ContainerService.unpause`. */
export async function unpauseContainer(context: ContainerContext, container: Container): Promise<void> {
  await container.lock.run(async () => {
    if (container.record.state.status !== "paused") {
      throw new RuncibleError("container-state", `Container ${container.id} is not paused`);
    }
    const run = runOf(container);
    await orEnded(container, run, run.group.resume());
    await container.changeState({ status: "running" });
  });
  publishContainerEvent(context, container, "unpause");
}

/** A frozen process takes no signal, not even SIGKILL on cgroup v1. */
export async function resumeIfPaused(context: ContainerContext, container: Container): Promise<void> {
  if (container.record.state.status !== "paused") return;
  await unpauseContainer(context, container).catch((error: unknown) => {
    if (!hasCode(error, "container-not-running")) throw error;
  });
}
