import { lstat, mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Readable } from "node:stream";
import { hasCode, RuncibleError } from "../../internal/errors";
import { bindMount, unmount } from "../../runtime/rootfs/mount-tool";
import { packPath } from "../../runtime/rootfs/pack-path";
import { statPath } from "../../runtime/rootfs/path-stat";
import { unpackInto } from "../../runtime/rootfs/unpack-into";
import { resolveUser } from "../../runtime/runc/users";
import { resolveInRoot } from "../../runtime/scoped-path";
import { noSuchPath } from "../../wire/docker-errors";
import type { PathStat } from "../../wire/path-stat";
import type { ArchiveService, ArchiveWriteOptions } from "../routes/archive-service";
import type { MountRecord } from "../state/container-record";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { findContainer } from "./find";

/** Files in and out of containers, whether they run or not. */
export function createArchiveService(context: ContainerContext): ArchiveService {
  return {
    stat: async (ref, path) => {
      const container = findContainer(context, ref);
      return await withRoot(container, (root) => statIn(root, path, ref));
    },
    read: async (ref, path) => {
      const container = findContainer(context, ref);
      const { root, release } = await openRoot(container);
      try {
        const stat = await statIn(root, path, ref);
        const tar = await packPath(root, path);
        tar.once("close", () => void release());
        return { stat, tar };
      } catch (error) {
        await release();
        throw error;
      }
    },
    write: async (ref, path, tar, options) => {
      const container = findContainer(context, ref);
      await withRoot(container, (root) => writeIn({ container, root, path, ref, tar, options }));
    },
  };
}

async function statIn(root: string, path: string, ref: string): Promise<PathStat> {
  try {
    return await statPath(root, path);
  } catch (error) {
    throw hasCode(error, "path-not-found") ? noSuchPath(path, ref) : error;
  }
}

interface WriteJob {
  readonly container: Container;
  readonly root: string;
  readonly path: string;
  readonly ref: string;
  readonly tar: Readable;
  readonly options: ArchiveWriteOptions;
}

async function writeIn({ container, root, path, ref, tar, options }: WriteJob): Promise<void> {
  const { spec, config, mounts } = container.record;
  if (spec.isReadOnlyRoot && !isInMount(mounts, path)) {
    throw new RuncibleError("permission-denied", "container rootfs is marked read-only");
  }
  const owner = options.copyOwner ? await resolveUser(root, config.user) : undefined;
  try {
    await unpackInto(root, path, tar, {
      noOverwriteDirNonDir: options.noOverwriteDirNonDir,
      signal: options.signal,
      ...(owner === undefined ? {} : { owner }),
    });
  } catch (error) {
    throw hasCode(error, "path-not-found") ? noSuchPath(path, ref) : error;
  }
}

function isInMount(mounts: readonly MountRecord[], path: string): boolean {
  return mounts.some(({ target, isReadOnly }) => !isReadOnly && (path === target || path.startsWith(`${target}/`)));
}

async function withRoot<T>(container: Container, task: (root: string) => Promise<T>): Promise<T> {
  const { root, release } = await openRoot(container);
  try {
    return await task(root);
  } finally {
    await release();
  }
}

interface OpenRoot {
  readonly root: string;
  release(): Promise<void>;
}

/** The root as the container sees it: through its process while it runs, else with its volumes mounted for the moment. */
async function openRoot(container: Container): Promise<OpenRoot> {
  if (container.run !== undefined) {
    return { root: `/proc/${container.run.process.pid}/root`, release: async () => {} };
  }
  const mounts = container.record.mounts.filter(({ kind }) => kind !== "tmpfs");
  if (mounts.length === 0) return { root: container.rootPath, release: async () => {} };
  return await new Promise<OpenRoot>((resolve, reject) => {
    // The lock is held until the release: a start in between would find the volumes mounted twice.
    container.lock.run(() => mountVolumes(container, mounts, resolve)).catch(reject);
  });
}

async function mountVolumes(
  container: Container,
  mounts: readonly MountRecord[],
  ready: (root: OpenRoot) => void,
): Promise<void> {
  const mounted: string[] = [];
  try {
    for (const { source, target, isReadOnly } of mounts) {
      const path = await resolveInRoot(container.rootPath, target, { followLast: true });
      await makeMountPoint(source, path);
      await bindMount(source, path, isReadOnly ? ["ro"] : []);
      mounted.push(path);
    }
    await new Promise<void>((released) => {
      ready({ root: container.rootPath, release: async () => released() });
    });
  } finally {
    for (const path of mounted.reverse()) await unmount(path);
  }
}

async function makeMountPoint(source: string, path: string): Promise<void> {
  if ((await lstat(source)).isDirectory()) {
    await mkdir(path, { recursive: true });
    return;
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "", { flag: "a" });
}
