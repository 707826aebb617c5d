import type { Stats } from "node:fs";
import { chmod, chown, readdir, stat, utimes } from "node:fs/promises";
import { hasCode } from "../../internal/errors";
import { run } from "../../internal/exec";

/**
 * Copies what an image has at a mount point into the volume mounted there, with owners, modes and links, and gives the
 * volume's folder the owner and mode of the mount point (Docker's copy-up). A volume that has anything in it, and an
 * image that has no such folder, are left alone.
 */
export async function fillVolume(imageFolder: string, volumeFolder: string): Promise<void> {
  const source = await folderStat(imageFolder);
  if (source === undefined || (await readdir(volumeFolder)).length > 0) return;
  await chown(volumeFolder, source.uid, source.gid);
  await chmod(volumeFolder, source.mode & 0o7777);
  if ((await readdir(imageFolder)).length > 0) {
    await run("cp", ["--archive", "--no-target-directory", imageFolder, volumeFolder], { timeoutMs: 600_000 });
  }
  await utimes(volumeFolder, source.atime, source.mtime);
}

async function folderStat(path: string): Promise<Stats | undefined> {
  try {
    const found = await stat(path);
    return found.isDirectory() ? found : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}
