import { RuncibleError } from "../../internal/errors";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { unpausedRunOf } from "./find";
import { publishContainerEvent } from "./publish";

/** `ContainerService.pause`. */
export async function pauseContainer(context: ContainerContext, container: Container): Promise<void> {
  await container.lock.run(async () => {
    if (container.record.state.status === "paused") {
      throw new RuncibleError("container-state", `Container ${container.id} is already paused`);
    }
    await unpausedRunOf(container).group.pause();
    await container.changeState({ status: "paused" });
  });
  publishContainerEvent(context, container, "pause");
}

/** `ContainerService.unpause`. */
export async function unpauseContainer(context: ContainerContext, container: Container): Promise<void> {
  await container.lock.run(async () => {
    if (container.record.state.status !== "paused") {
      throw new RuncibleError("container-state", `Container ${container.id} is not paused`);
    }
    await container.run?.group.resume();
    await container.changeState({ status: "running" });
  });
  publishContainerEvent(context, container, "unpause");
}

/** A frozen process takes no signal, not even SIGKILL on cgroup v1. */
export async function resumeIfPaused(context: ContainerContext, container: Container): Promise<void> {
  if (container.record.state.status === "paused") await unpauseContainer(context, container);
}
