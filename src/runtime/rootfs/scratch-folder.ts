import { lstat, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { deferred } from "../../internal/deferred";
import { hasCode, RuncibleError } from "../../internal/errors";
import { exitOf, runUnchecked, spawnTool } from "../../internal/exec";
import { removeTree } from "../../internal/remove-tree";
import { isOwnerGone, touchOwner, writeOwner } from "./scratch-owner";

/** A folder of this engine's on a volume that other engines, of other containers, may use as well. */
export interface ScratchFolder {
  readonly path: string;
  /** False: it may hold images. */
  readonly isNew: boolean;
  /** Leaves the folder to the next engine of the same state folder. */
  release(): Promise<void>;
  /** The same, but removes a new one. */
  giveUp(): Promise<void>;
}

const prefix = ".runcible-";

/**
 * Makes it, or finds it as it was left, and removes those that nobody comes back to: no engine runs, for the kernel
 * lets go of a lock with whoever held it, in whatever container that was, and the state folder is gone. Throws what
 * making the folder does.
 */
export async function claimScratchFolder(request: {
  readonly parent: string;
  readonly engineId: string;
  readonly stateFolder: string;
}): Promise<ScratchFolder> {
  const { parent, engineId, stateFolder } = request;
  const path = join(parent, `${prefix}${engineId}`);
  const isNew = await mkdir(path, { mode: 0o700 }).then(
    () => true,
    (error: unknown) => {
      if (!hasCode(error, "EEXIST")) throw error;
      return false;
    },
  );
  if (!(await isOwnFolder(path))) {
    throw new RuncibleError("permission-denied", `use ${path}: it belongs to somebody else`);
  }
  const unlock = await holdLock(join(path, lockName));
  if (!(await isOwnFolder(path))) {
    // Taken for one whose engine is gone, between being made and being locked.
    await unlock();
    return await claimScratchFolder(request);
  }
  try {
    await writeOwner(path, stateFolder);
  } catch (error) {
    await unlock();
    throw error;
  }
  for (const name of await readdir(parent)) {
    const other = join(parent, name);
    const isOther = name.startsWith(prefix) && other !== path && (await isOwnFolder(other));
    if (isOther && (await isOwnerGone(other))) await removeUnlessHeld(other);
  }
  const release = async (): Promise<void> => {
    await touchOwner(path);
    await unlock();
  };
  const giveUp = async (): Promise<void> => {
    if (!isNew) return await release();
    await removeTree(path);
    await unlock();
  };
  return { path, isNew, release, giveUp };
}

const lockName = "lock";

/** No link, which might lead anywhere. */
async function isOwnFolder(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  return stat?.isDirectory() === true && stat.uid === process.getuid?.();
}

/**
 * Node has no flock(2): a program holds the lock until its input ends, which it does with this process at the latest.
 */
async function holdLock(file: string): Promise<() => Promise<void>> {
  const holder = spawnTool("flock", ["--nonblock", file, "sh", "-c", "echo held; exec cat"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const held = deferred();
  holder.stdout?.once("data", () => held.resolve());
  const ended = exitOf(holder, "flock");
  ended.then(
    () => held.reject(new RuncibleError("container-state", `lock ${file}: another engine holds it`)),
    (error: unknown) => held.reject(error),
  );
  await held.promise;
  return async () => {
    holder.stdin?.end();
    await ended;
  };
}

async function removeUnlessHeld(folder: string): Promise<void> {
  await runUnchecked("flock", ["--nonblock", join(folder, lockName), "rm", "-rf", folder], { timeoutMs: 600_000 });
}
