import type { Readable } from "node:stream";
import { prepareRootfs } from "../../runtime/container";
import { packRoot } from "../../runtime/rootfs/pack-root";
import { removalInProgress } from "../../wire/docker-errors";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { publishContainerEvent } from "./publish";

/** `ContainerService.exportRoot`. */
export async function exportContainer(
  context: ContainerContext,
  container: Container,
  signal: AbortSignal,
): Promise<Readable> {
  if (container.isRemoving) throw removalInProgress(container.id);
  const { folder, record } = container;
  // An engine that took over from another has not mounted what does not run.
  const root = await container.lock.run(() => prepareRootfs(context.runtime, { folder, diffIds: record.diffIds }));
  const archive = packRoot(root, signal);
  publishContainerEvent(context, container, "export");
  return archive;
}
