import { mkdtemp, rm, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createUndoStack, type UndoStack } from "../../internal/undo";
import type { Mount } from "../mount";
import { openSource } from "../tree/tree-walk";
import { bindMount, unmount } from "./mount-tool";

/**
 * Mounts whose sources are what they were found to be, whatever containers do to their paths meanwhile. For runc, which
 * goes by paths, what lies in a `root` is bound where no container reaches. A handle would not do: the kernel refuses
 * to bind what was opened in another mount namespace than runc's.
 */
export interface PinnedSources {
  readonly mounts: readonly Mount[];
  /** To be called once runc has made the mounts, or has failed. Failures are handed to `report`. */
  release(report: (error: unknown) => void): Promise<void>;
}

/** `folder` is one that only the engine writes to. Throws as `openSource`, with nothing left behind. */
export async function pinSources(mounts: readonly Mount[], folder: string): Promise<PinnedSources> {
  const undo = createUndoStack();
  const pinned: Mount[] = [];
  try {
    for (const mount of mounts) pinned.push(mount.root === undefined ? mount : await pin(mount, folder, undo));
    return { mounts: pinned, release: undo.unwind };
  } catch (error) {
    await undo.unwind(() => {});
    throw error;
  }
}

async function pin({ root, ...mount }: Mount, folder: string, undo: UndoStack): Promise<Mount> {
  const source = await openSource({ source: mount.source, ...(root === undefined ? {} : { root }) });
  try {
    const place = await mkdtemp(join(folder, "source-"));
    undo.push(() => rmdir(place));
    if ((await source.stat()).isDirectory()) return { ...mount, source: await bindAt(place) };
    const file = join(place, "file");
    await writeFile(file, "");
    undo.push(() => rm(file));
    return { ...mount, source: await bindAt(file) };
  } finally {
    await source.close();
  }

  async function bindAt(target: string): Promise<string> {
    undo.push(() => unmount(target));
    await bindMount(source.pathForPrograms, target);
    return target;
  }
}
