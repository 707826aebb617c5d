import { containerIsInUse, removalInProgress } from "../../wire/docker-errors";
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
  if (options.force) {
    container.isStopWanted = true;
    container.restartPause?.abort();
    await track(container, endAndErase(context, container, options));
    return;
  }
  // A start may be under way: what it starts runs, and is not to be removed.
  await container.lock.run(async () => {
    if (container.isRemoving) throw removalInProgress(container.id);
    const { name, state } = container.record;
    if (container.isRunning) throw containerIsInUse(name, state.status === "paused" ? "paused" : "running");
    if (container.restartPause !== undefined) throw containerIsInUse(name, "restarting");
    await track(container, erase(context, container, options));
  });
}

/** A removal that failed may be tried again. */
async function track(container: Container, removal: Promise<void>): Promise<void> {
  container.removal = removal;
  try {
    await removal;
  } catch (error) {
    container.removal = undefined;
    throw error;
  }
}

/** A start may be under way: it has the lock, and when it lets go of it the container runs. */
async function endAndErase(context: ContainerContext, container: Container, options: RemoveOptions): Promise<void> {
  for (let isErased = false; !isErased; ) {
    await endRun(context, container, { timeoutSeconds: 0 });
    isErased = await container.lock.run(async () => {
      if (container.isRunning) return false;
      await erase(context, container, options);
      return true;
    });
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

/**
 * The container is gone already: a volume that cannot be removed stays for a prune, and must not keep anybody waiting.
 */
async function removeAnonymousVolumes(context: ContainerContext, container: Container): Promise<void> {
  for (const { kind, name } of container.record.mounts) {
    if (kind !== "volume" || name === undefined || !context.volumes.isFree(name)) continue;
    await context.volumes
      .remove(name, { force: true })
      .catch((error) =>
        context.logger.warn("remove anonymous volume", { container: container.id, volume: name, error }),
      );
  }
}
