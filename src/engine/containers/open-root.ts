import { openProcessTree, openTree } from "../../runtime/tree/open-tree";
import type { TreeWalk } from "../../runtime/tree/tree-walk";
import type { Container } from "./container";
import { byDepth } from "./mounts";

/** Of what the kernel makes up for a container that runs, only the mount points are its files. */
export const kernelFolders: ReadonlySet<string> = new Set(["/dev", "/proc", "/sys"]);

/**
 * The files of a container as it sees them: through its process while it runs, else its root with its volumes in their
 * places. Close it.
 */
export async function openRoot(container: Container): Promise<TreeWalk> {
  const { run, rootPath, record } = container;
  const running = run === undefined ? undefined : await openProcessTree(run.process.pid, rootPath);
  if (running !== undefined) return running;
  const mounts = record.mounts.filter(({ kind }) => kind !== "tmpfs");
  return await openTree({ path: rootPath, mounts: byDepth(mounts), isReadOnly: record.spec.isReadOnlyRoot });
}
