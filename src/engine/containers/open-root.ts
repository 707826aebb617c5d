import { prepareRootfs } from "../../runtime/container";
import { openProcessTree, openTree } from "../../runtime/tree/open-tree";
import type { TreeWalk } from "../../runtime/tree/tree-walk";
import { removalInProgress } from "../../wire/docker-errors";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { byDepth, readyVolumes } from "./mounts";

/** Of what the kernel makes up for a container that runs, only the mount points are its files. */
export const kernelFolders: ReadonlySet<string> = new Set(["/dev", "/proc", "/sys"]);

/**
 * The files of a container as it sees them: through its process while it runs, else its root with its volumes in their
 * places. Close it.
 */
export async function openRoot(context: ContainerContext, container: Container): Promise<TreeWalk> {
  const { run, rootPath } = container;
  const running = run === undefined ? undefined : await openProcessTree(run.process.pid, rootPath);
  return running ?? (await openRestingRoot(context, container));
}

async function openRestingRoot(context: ContainerContext, container: Container): Promise<TreeWalk> {
  const { folder, record } = container;
  // An engine that took over from another has mounted nothing of what does not run: without this, files would be looked
  // for in the empty mount point, and written below what the next start mounts. The container's removal and the
  // engine's end unmount it; opened under the lock, it is not mounted again behind a removal.
  return await container.lock.run(async () => {
    if (container.isRemoving) throw removalInProgress(container.id);
    await readyVolumes(context.volumes, record.mounts);
    const path = await prepareRootfs(context.runtime, { folder, diffIds: record.diffIds });
    const mounts = record.mounts.filter(({ kind }) => kind !== "tmpfs");
    return await openTree({ path, mounts: byDepth(mounts), isReadOnly: record.spec.isReadOnlyRoot });
  });
}
