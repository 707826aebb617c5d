import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, RuncibleError } from "../../internal/errors";
import { removeTree } from "../../internal/remove-tree";
import type { Mount } from "../mount";
import { sizeOfTree } from "../tree/tree-size";
import { isMountPoint, mountFilesystem, unmount } from "./mount-tool";

/** The folders of volumes: `<root>/<name>/_data`. */
export interface VolumeFolder {
  pathOf(name: string): string;
  create(name: string): Promise<void>;
  /**
   * Mounts something as the volume, unless that has been done; it is there until the volume is removed or the engine
   * ends.
   */
  mount(name: string, what: Pick<Mount, "type" | "source" | "options">): Promise<void>;
  /**
   * What is mounted as the volume is only unmounted. Leaves `<root>/<name>` to whoever keeps other things there.
   * Idempotent.
   */
  remove(name: string): Promise<void>;
  /** Bytes of all files. */
  sizeOf(name: string): Promise<number>;
}

export async function openVolumeFolder(root: string): Promise<VolumeFolder> {
  await mkdir(root, { recursive: true, mode: 0o711 });
  const pathOf = (name: string): string => join(root, name, "_data");
  return {
    pathOf,
    create: async (name) => {
      await mkdir(pathOf(name), { recursive: true, mode: 0o755 });
    },
    mount: async (name, { type, source, options }) => {
      const target = pathOf(name);
      if (await isMountPoint(target)) return;
      try {
        await mountFilesystem({ type, source, target, options: options.length === 0 ? ["rw"] : options });
      } catch (cause) {
        const text = `failed to mount local volume: mount ${source} on ${target}: ${messageOf(cause)}`;
        throw new RuncibleError("invalid-argument", text, { cause });
      }
    },
    remove: async (name) => {
      await unmount(pathOf(name));
      await removeTree(pathOf(name));
    },
    sizeOf: (name) => sizeOfTree(pathOf(name)),
  };
}
