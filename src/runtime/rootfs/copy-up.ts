import type { Stats } from "node:fs";
import { chmod, chown, mkdir, readdir, rename, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode } from "../../internal/errors";
import { run } from "../../internal/exec";
import { randomId } from "../../internal/ids";
import { removeTree } from "../../internal/remove-tree";
import type { Handle } from "../tree/handle";
import { openTree } from "../tree/open-tree";
import { walkTo } from "../tree/walk-to";

/**
 * Copies what an image has at a mount point into the volume mounted there, with owners, modes and links, and gives the
 * volume's folder the owner and mode of the mount point (Docker's copy-up). A volume that has anything in it, and an
 * image that has no such folder, are left alone.
 */
export async function fillVolume(rootPath: string, target: string, volumeFolder: string): Promise<void> {
  await using walk = await openTree({ path: rootPath });
  try {
    if ((await walkTo(walk, target, { followLast: true })) !== undefined) return;
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return;
    throw error;
  }
  if (await hasEntries(volumeFolder)) return;
  const source = await walk.folder.stat();
  await chown(volumeFolder, source.uid, source.gid);
  await chmod(volumeFolder, source.mode & 0o7777);
  if ((await walk.folder.names()).length > 0) await copyInto(walk.folder, volumeFolder);
  await applyTimes(volumeFolder, source);
}

/**
 * Copies beside the volume, where no container reaches, and then moves: containers that have the volume already could
 * lead a copy that writes into it elsewhere. A crash leaves a volume that is empty still.
 */
async function copyInto(image: Handle, volumeFolder: string): Promise<void> {
  const copy = join(dirname(volumeFolder), `filling-${randomId()}`);
  await mkdir(copy, { mode: 0o700 });
  try {
    const args = ["--archive", "--no-target-directory", `${image.pathForPrograms}/.`, copy];
    await run("cp", args, { timeoutMs: 600_000 });
    if (await hasEntries(volumeFolder)) return;
    for (const name of await readdir(copy)) await moveUnlessThere(join(copy, name), join(volumeFolder, name));
  } finally {
    await removeTree(copy);
  }
}

async function moveUnlessThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const codes = ["EEXIST", "ENOTEMPTY", "ENOTDIR", "EISDIR"] as const;
    if (!codes.some((code) => hasCode(error, code))) throw error;
  }
}

async function hasEntries(folder: string): Promise<boolean> {
  return (await readdir(folder)).length > 0;
}

async function applyTimes(folder: string, { atime, mtime }: Stats): Promise<void> {
  await utimes(folder, atime, mtime);
}
