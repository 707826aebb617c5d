import { lstat, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../internal/errors";

/** Where every container has something of the kernel mounted. */
const names = ["dev", "proc", "sys"] as const;

/**
 * Makes them the folders that they are everywhere. An image, or a copy into a container, may have put a link there,
 * which runc 1.1 follows on the host: it would write the links of /dev to where that leads. Docker replaces them as
 * well. Nobody may be using the root.
 */
export async function ensureSystemFolders(rootPath: string): Promise<void> {
  await Promise.all(names.map((name) => ensureFolder(join(rootPath, name))));
}

async function ensureFolder(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isDirectory()) return;
    await rm(path);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  await mkdir(path, { mode: 0o755 });
}
