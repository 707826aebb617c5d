import { chmod } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../../internal/remove-tree";
import { prepareRootfs } from "../../runtime/container";
import { mediaTypes } from "../../runtime/image/descriptor";
import type { Digest } from "../../runtime/image/digest";
import { type PackRequest, packUpper } from "../../runtime/layer/diff";
import { layerFolders } from "../../runtime/layer-folders";
import { belowLayers } from "../../runtime/rootfs/find-below";
import type { Build } from "./build";
import type { StepRecord } from "./build-cache";

/** A writable root for one step. */
export interface StepRoot {
  readonly rootPath: string;
  /** Of the container, if the step runs one. */
  readonly folder: string;
}

/** Takes out of what was written what is no part of the layer. */
export type Tidy = (written: string) => Promise<void>;

/** Lets a step write into a root made of layers; what it wrote becomes a layer. Nothing of the root is left, ever. */
export async function makeLayer(
  build: Build,
  diffIds: readonly Digest[],
  write: (root: StepRoot) => Promise<Tidy | undefined>,
): Promise<StepRecord> {
  const { runtime } = build.parts;
  const folder = build.newFolder();
  try {
    const rootPath = await prepareRootfs(runtime, { folder, diffIds });
    let tidy: Tidy | undefined;
    try {
      tidy = await write({ rootPath, folder });
    } finally {
      await runtime.rootfs.unmount(folder);
    }
    const layers = await layerFolders(runtime, diffIds);
    return await runtime.rootfs.written({ layers, folder }, async (upper) => {
      await tidy?.(upper);
      const isBelow = belowLayers({ layers, marks: runtime.rootfs.form.whiteouts });
      return await takeLayer(build, { folder, upper, isBelow });
    });
  } finally {
    await removeTree(folder);
  }
}

async function takeLayer(
  build: Build,
  { folder, upper, isBelow }: { readonly folder: string } & Required<Pick<PackRequest, "upper" | "isBelow">>,
): Promise<StepRecord> {
  const { images, runtime } = build.parts;
  const file = join(folder, "layer.tar");
  // The top layer's own folder is the root that a container sees.
  await chmod(upper, 0o755);
  const packed = await packUpper({ upper, file, isBelow, signal: build.signal });
  const { diffId, sizeBytes, has32BitPrograms, isEmpty } = packed;
  const created = new Date().toISOString();
  // As Docker's own builder has it: the step is in the history, and the image has no layer of it.
  if (isEmpty) return { created, sizeBytes: 0 };
  build.lease.protect(diffId);
  await images.blobs.adopt(file, diffId);
  await runtime.layers.adopt({ diffId, folder: upper, sizeBytes, has32BitPrograms });
  return {
    created,
    layer: { diffId, descriptor: { mediaType: mediaTypes.ociLayer, digest: diffId, size: sizeBytes } },
    // Its files, and the archive that is kept beside them.
    sizeBytes: 2 * sizeBytes,
  };
}
