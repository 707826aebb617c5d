import { containerIsRunning, removalInProgress } from "../../wire/docker-errors";
import type { RemoveOptions } from "../routes/container-service";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { endRun } from "./end-run";
import { publishContainerEvent } from "./publish";

/** `ContainerService.remove`. */
export async function removeContainer(
  context: ContainerContext,
  container: Container,
  options: RemoveOptions,
): Promise<void> {
  if (container.isRemoving) throw removalInProgress(container.id);
  if (container.isRunning && !options.force) throw containerIsRunning(container.id);
  container.isRemoving = true;
  container.isStopWanted = true;
  container.restartPause?.abort();
  try {
    if (container.isRunning) await endRun(context, container, { timeoutSeconds: 0 });
    await container.lock.run(() => erase(context, container, options));
  } catch (error) {
    container.isRemoving = false;
    throw error;
  }
}

async function erase(context: ContainerContext, container: Container, options: RemoveOptions): Promise<void> {
  const { id, record } = container;
  await container.log.close();
  await context.runtime.rootfs.unmount(container.folder);
  await context.store.remove(id);
  context.index.delete(id);
  if (options.volumes) await removeAnonymousVolumes(context, container);
  container.removed.resolve({ exitCode: record.state.exitCode });
  container.nextExit.resolve({ exitCode: record.state.exitCode });
  container.output.end();
  publishContainerEvent(context, container, "destroy");
  context.onActivity();
}

async function removeAnonymousVolumes(context: ContainerContext, container: Container): Promise<void> {
  for (const { kind, name } of container.record.mounts) {
    if (kind !== "volume" || name === undefined || !context.volumes.isFree(name)) continue;
    await context.volumes.remove(name, { force: true });
  }
}
