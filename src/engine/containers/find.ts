import type { ContainerRun } from "../../runtime/container";
import { containerIsPaused, containerNotRunning, noSuchContainer } from "../../wire/docker-errors";
import type { Container } from "./container";
import type { ContainerContext } from "./context";

/** Throws `container-not-found`. */
export function findContainer(context: ContainerContext, ref: string): Container {
  return context.index.find(ref, noSuchContainer);
}

/** Throws `container-not-running`. */
export function runOf(container: Container): ContainerRun {
  if (container.run === undefined) throw containerNotRunning(container.id);
  return container.run;
}

/** Throws `container-not-running`, `container-state`. */
export function unpausedRunOf(container: Container, ref: string = container.id): ContainerRun {
  const run = runOf(container);
  if (container.record.state.status === "paused") throw containerIsPaused(ref);
  return run;
}
