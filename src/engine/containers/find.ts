import type { ContainerRun } from "../../runtime/container";
import { containerIsPaused, containerNotRunning, containerRestarts, noSuchContainer } from "../../wire/docker-errors";
import type { Container } from "./container";
import type { ContainerContext } from "./context";

/** Throws `container-not-found`. */
export function findContainer(context: ContainerContext, ref: string): Container {
  return context.index.find(ref, noSuchContainer);
}

/** Throws `container-not-running`, between two tries of a restart policy as well. */
export function runOf(container: Container): ContainerRun {
  if (container.run !== undefined) return container.run;
  const { status } = container.record.state;
  throw status === "restarting" ? containerRestarts(container.id) : containerNotRunning(container.id);
}

/** Throws `container-not-running`, `container-state`; `before` is what was asked for, for the text. */
export function unpausedRunOf(container: Container, ref: string = container.id, before = "exec"): ContainerRun {
  const run = runOf(container);
  if (container.record.state.status === "paused") throw containerIsPaused(ref, before);
  return run;
}
