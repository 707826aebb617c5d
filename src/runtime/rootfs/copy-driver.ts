import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RuncibleError } from "../../internal/errors";
import { KeyedMutex } from "../../internal/keyed-mutex";
import { removeTree } from "../../internal/remove-tree";
import { ownLayerForm } from "../layer/own-form";
import { compareCopy } from "./compare-copy";
import { copyChanged } from "./copy-changed";
import { copyLayer } from "./copy-layer";
import type { RootfsDriver, RootfsRequest } from "./rootfs";
import { writeDeletionMarks } from "./write-deletion-marks";

const form = { ...ownLayerForm(), whiteouts: "names" } as const;

/**
 * The kernel stamps files with a clock that stands still for up to 10 ms: from now on, changes are later for certain.
 */
const clockStepMs = 20;

/**
 * Plain copies of all layers, for where nothing lays them over each other. On btrfs, xfs and bcachefs the copies share
 * their blocks with the layers (reflinks). What was written is found by comparing: the kernel notes the time of every
 * change of a file, and nobody in a container can forge it.
 */
export const copyDriver: RootfsDriver = {
  name: "copy",
  form,

  async mount({ layers, folder }) {
    const path = join(folder, "merged");
    const mark = join(folder, "copied");
    if (await isThere(mark)) return { path };
    await removeTree(path);
    await mkdir(path, { recursive: true, mode: 0o755 });
    try {
      for (const layer of layers) await copyLayer(layer, path);
    } catch (error) {
      await removeTree(path);
      throw diskFull(error);
    }
    await writeFile(mark, "");
    await delay(clockStepMs);
    return { path };
  },

  unmount: async () => {},

  changes: async function* (request) {
    yield* (await compared(request)).changes;
  },

  written: (request, use) =>
    copies.run(request.folder, async () => {
      const upper = await copyWritten(request);
      try {
        return await use(upper);
      } finally {
        await removeTree(upper);
      }
    }),
};

/** By folder: all who ask what was written there get it at the same place, one after the other. */
const copies = new KeyedMutex();

async function copyWritten(request: RootfsRequest): Promise<string> {
  const upper = join(request.folder, "upper");
  const { changes, unchanged, remade } = await compared(request);
  await removeTree(upper);
  await mkdir(upper, { mode: 0o755 });
  await copyChanged({ from: join(request.folder, "merged"), to: upper, unchanged });
  const isHidden = (path: string): boolean => remade.some((folder) => path.startsWith(`${folder}/`));
  const deleted = changes.filter(({ kind, path }) => kind === "deleted" && !isHidden(path)).map(({ path }) => path);
  await writeDeletionMarks(upper, { deleted, opaque: remade });
  return upper;
}

async function compared({ layers, folder }: RootfsRequest): ReturnType<typeof compareCopy> {
  const { ctimeNs } = await stat(join(folder, "copied"), { bigint: true });
  return await compareCopy({ root: join(folder, "merged"), layers, copiedNs: ctimeNs });
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

function diskFull(error: unknown): unknown {
  if (!(error instanceof Error) || !/no space left on device|disk quota exceeded/i.test(error.message)) return error;
  return new RuncibleError(
    "disk-full",
    "copy the layers of a container: no space left on device; free some, or set RUNCIBLE_STATE_DIR to another disk",
    { cause: error },
  );
}
