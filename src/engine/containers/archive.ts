import type { Readable } from "node:stream";
import { hasCode, RuncibleError } from "../../internal/errors";
import { createProgramScan } from "../../runtime/layer/program-scan";
import { packPath } from "../../runtime/rootfs/pack-path";
import { statPath } from "../../runtime/rootfs/path-stat";
import { unpackInto } from "../../runtime/rootfs/unpack-into";
import { resolveUser } from "../../runtime/runc/users";
import type { TreeWalk } from "../../runtime/tree/tree-walk";
import { noSuchPath } from "../../wire/docker-errors";
import type { PathStat } from "../../wire/path-stat";
import type { ArchiveService, ArchiveWriteOptions } from "../routes/archive-service";
import type { Container } from "./container";
import type { ContainerContext } from "./context";
import { findContainer } from "./find";
import { kernelFolders, openRoot } from "./open-root";
import { publishContainerEvent } from "./publish";

/** Files in and out of containers, whether they run or not. */
export function createArchiveService(context: ContainerContext): ArchiveService {
  return {
    stat: async (ref, path) => {
      await using root = await openRoot(context, findContainer(context, ref));
      return await statIn(root, path, ref);
    },
    read: async (ref, path) => {
      const container = findContainer(context, ref);
      const root = await openRoot(context, container);
      try {
        const stat = await statIn(root, path, ref);
        const tar = await packPath(root, path, { hidden: kernelFolders });
        publishContainerEvent(context, container, "archive-path");
        return { stat, tar };
      } catch (error) {
        await root[Symbol.asyncDispose]();
        throw hasCode(error, "path-not-found") ? noSuchPath(path, ref) : error;
      }
    },
    write: async (ref, path, tar, options) => {
      const container = findContainer(context, ref);
      await using root = await openRoot(context, container);
      await writeIn({ container, root, path, ref, tar, options });
      publishContainerEvent(context, container, "extract-to-dir");
    },
  };
}

async function statIn(root: TreeWalk, path: string, ref: string): Promise<PathStat> {
  try {
    return await statPath(root, path);
  } catch (error) {
    throw hasCode(error, "path-not-found") ? noSuchPath(path, ref) : error;
  }
}

interface WriteJob {
  readonly container: Container;
  readonly root: TreeWalk;
  readonly path: string;
  readonly ref: string;
  readonly tar: Readable;
  readonly options: ArchiveWriteOptions;
}

async function writeIn({ container, root, path, ref, tar, options }: WriteJob): Promise<void> {
  const { spec, config } = container.record;
  const programs = createProgramScan();
  // As Docker: of a container without a user of its own, the owners stay those of the archive.
  const isOwnerGiven = options.copyOwner && config.user !== "";
  const owner = isOwnerGiven ? await resolveUser(container.rootPath, config.user) : undefined;
  try {
    await unpackInto(root, path, tar, {
      noOverwriteDirNonDir: options.noOverwriteDirNonDir,
      signal: options.signal,
      programs,
      ...(owner === undefined ? {} : { owner }),
    });
  } catch (error) {
    if (hasCode(error, "path-not-found")) throw noSuchPath(path, ref);
    if (!hasCode(error, "permission-denied")) throw error;
    const what = spec.isReadOnlyRoot ? "container rootfs" : "mounted volume";
    throw new RuncibleError("permission-denied", `${what} is marked read-only`, { cause: error });
  } finally {
    // For the next start, also when not all was written. A disk too full for the record only lets a later engine
    // forget.
    if (programs.has32BitPrograms) await container.change({ has32BitPrograms: true }).catch(() => {});
  }
}
