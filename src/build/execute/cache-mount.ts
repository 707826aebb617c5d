import { createHash } from "node:crypto";
import { chmod, chown, mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { deferred } from "../../internal/deferred";
import { Mutex } from "../../internal/mutex";
import type { UndoStack } from "../../internal/undo";
import type { MountFlag } from "../plan/mount-flag";
import type { Build } from "./build";
import { bind, bindSource, cloneTree, type OpenMount, targetOf } from "./mount-source";
import type { Stage } from "./stage-state";

/** A folder that outlives the build. Its content is for speed alone: a build must do without it. */
export async function openCache(build: Build, stage: Stage, flag: MountFlag): Promise<OpenMount> {
  const target = targetOf(stage, flag);
  const { folder, release } = claimCache(build, keyOf(stage, flag), flag.sharing);
  try {
    await fillCache(build, stage, flag, folder);
  } catch (error) {
    await release();
    throw error;
  }
  return { mount: bind(folder, target, flag.isReadOnly ?? false), release };
}

/**
 * Waits until no other step has a cache that these mounts do not share. Each once, though a step may mount it twice,
 * and in an order that is the same for all steps: otherwise a step would wait for itself, or two for each other.
 */
export async function lockCaches(
  build: Build,
  stage: Stage,
  flags: readonly MountFlag[],
  undo: UndoStack,
): Promise<void> {
  const locked = flags.filter(({ type, sharing }) => type === "cache" && sharing === "locked");
  // Before the locks: a stage that is waited for may want them.
  for (const flag of locked) {
    const isFilled = await exists(join(build.parts.cacheMounts.folder, keyOf(stage, flag)));
    if (!isFilled && flag.from !== undefined) await bindSource(build, stage, flag);
  }
  const keys = new Set(locked.map((flag) => keyOf(stage, flag)));
  for (const key of [...keys].sort()) undo.push(await hold(lockOf(build.parts.cacheMounts, key), build.signal));
}

function keyOf(stage: Stage, flag: MountFlag): string {
  return createHash("sha256")
    .update(flag.id ?? targetOf(stage, flag))
    .digest("hex");
}

/** A locked one is ours already. */
function claimCache(
  { parts }: Build,
  key: string,
  sharing: MountFlag["sharing"],
): { readonly folder: string; readonly release: () => Promise<void> } {
  const { folder, inUse } = parts.cacheMounts;
  let name = key;
  if (sharing === "private") for (let copy = 2; inUse.includes(name); copy++) name = `${key}-${copy}`;
  inUse.push(name);
  const release = async (): Promise<void> => {
    inUse.splice(inUse.indexOf(name), 1);
  };
  return { folder: join(folder, name), release };
}

function lockOf({ locks }: Build["parts"]["cacheMounts"], key: string): Mutex {
  const lock = locks.get(key) ?? new Mutex();
  locks.set(key, lock);
  return lock;
}

/** Resolves when the lock is ours; rejects when the build is cancelled first, and then the turn is passed on. */
async function hold(lock: Mutex, signal: AbortSignal): Promise<() => Promise<void>> {
  const held = deferred();
  const freed = deferred();
  void lock.run(async () => {
    held.resolve();
    await freed.promise;
  });
  const giveUp = (): void => held.reject(signal.reason);
  signal.addEventListener("abort", giveUp);
  try {
    await held.promise;
    signal.throwIfAborted();
  } catch (error) {
    freed.resolve();
    throw error;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
  return async () => freed.resolve();
}

/** Whole or not at all: another step, and every build to come, takes a folder that is there for a full one. */
async function fillCache(build: Build, stage: Stage, flag: MountFlag, folder: string): Promise<void> {
  if (await exists(folder)) return;
  // Before the lock: a stage that is waited for may use the same cache.
  const isCopy = flag.from !== undefined || flag.source !== undefined;
  const original = isCopy ? await bindSource(build, stage, flag) : undefined;
  const unlock = await hold(lockOf(build.parts.cacheMounts, `fill ${folder}`), build.signal);
  try {
    if (await exists(folder)) return;
    const place = build.newFolder();
    await mkdir(place);
    const content = join(place, "content");
    if (original === undefined) await makeCacheFolder(flag, content);
    else await cloneTree(build, original.path, content);
    await rename(content, folder);
    await rm(place, { recursive: true });
  } finally {
    await unlock();
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

async function makeCacheFolder({ uid, gid, mode }: MountFlag, folder: string): Promise<void> {
  await mkdir(folder);
  await chown(folder, uid ?? 0, gid ?? 0);
  await chmod(folder, mode ?? 0o755);
}
