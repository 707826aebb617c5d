import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { sizeOfTree } from "../tree/tree-size";

/** The folders of volumes: `<root>/<name>/_data`. */
export interface VolumeFolder {
  pathOf(name: string): string;
  create(name: string): Promise<void>;
  /** Leaves `<root>/<name>` to whoever keeps other things there. Idempotent. */
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
    remove: (name) => rm(pathOf(name), { recursive: true, force: true }),
    sizeOf: (name) => sizeOfTree(pathOf(name)),
  };
}
