import { lstat, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { deferred } from "../../internal/deferred";
import { hasCode, RuncibleError } from "../../internal/errors";
import { exitOf, runUnchecked, spawnTool } from "../../internal/exec";

/** A folder of this engine's on a volume that other engines, of other containers, may use as well. */
export interface ScratchFolder {
  readonly path: string;
  /** Leaves the folder to the next engine of the same state folder. */
  release(): Promise<void>;
  remove(): Promise<void>;
}

const prefix = ".runcible-";

/**
 * Makes it, or finds it as it was left, and removes those of engines that are gone with their containers: the kernel lets
 * go of a lock with whoever held it, in whatever container that was. Throws what making the folder does.
 */
export async function claimScratchFolder(parent: string, engineId: string): Promise<ScratchFolder> {
  const path = join(parent, `${prefix}${engineId}`);
  await mkdir(path, { mode: 0o700 }).catch((error: unknown) => {
    if (!hasCode(error, "EEXIST")) throw error;
  });
  if (!(await isOwnFolder(path))) {
    throw new RuncibleError("permission-denied", `use ${path}: it belongs to somebody else`);
  }
  const release = await holdLock(join(path, lockName));
  if (!(await isOwnFolder(path))) {
    // Taken for one whose engine is gone, between being made and being locked.
    await release();
    return await claimScratchFolder(parent, engineId);
  }
  for (const name of await readdir(parent)) {
    const other = join(parent, name);
    if (name.startsWith(prefix) && other !== path && (await isOwnFolder(other))) await removeUnlessHeld(other);
  }
  return {
    path,
    release,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      await release();
    },
  };
}

const lockName = "lock";

/** No link, which might lead anywhere. */
async function isOwnFolder(path: string): Promise<boolean> {
  const stat = await lstat(path).catch(() => undefined);
  return stat?.isDirectory() === true && stat.uid === process.getuid?.();
}

/** Node has no flock(2): a program holds the lock until its input ends, which it does with this process at the latest. */
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
