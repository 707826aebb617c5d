import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { storageFolderFile } from "../../src/internal/scratch-mounts";

/**
 * Where an engine that runs keeps images, layers and containers; with the kernel's overlay mostly the state folder
 * itself.
 */
export async function storageFolderOf({ stateFolder }: { readonly stateFolder: string }): Promise<string> {
  return await readFile(join(stateFolder, storageFolderFile), "utf8");
}
