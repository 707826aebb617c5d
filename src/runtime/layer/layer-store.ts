import { access, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { type Logger, silentLogger } from "../../internal/log";
import { removeTree } from "../../internal/remove-tree";
import { type Digest, encodedOf, isDigest } from "../image/digest";
import { createDiskSync } from "./disk-sync";
import { defaultLayerLimits, type LayerLimits } from "./entry-guard";
import { type LayerRecord, readBootId, readRecord, replaceRecord, writeRecord } from "./layer-record";
import { ownLayerForm } from "./own-form";
import type { LayerForm } from "./tar-filter";
import { type UnpackRequest, unpackLayer } from "./unpack";

export type { LayerLimits } from "./entry-guard";
export type { UnpackRequest } from "./unpack";

/** Unpacked layers by diff id, each a folder in the store's form that nobody writes to. */
export interface LayerStore {
  /**
   * Whether it is whole. It is not when the machine stopped before its files were on the disk, or when somebody removed
   * its folder; see runtime/layer-folders.ts.
   */
  has(diffId: Digest): Promise<boolean>;
  pathOf(diffId: Digest): string;
  /**
   * Unpacks a layer unless it is there; the same layer asked for twice at a time is unpacked once, and the second
   * source is destroyed. It appears whole or not at all. Throws as `unpackLayer`.
   */
  unpack(request: UnpackRequest): Promise<void>;
  /**
   * Takes in a folder of the store's own disk that is in that form already, and that nobody writes to or has mounted.
   * It is moved; when the layer is there already, it stays where it is.
   */
  adopt(layer: AdoptedLayer): Promise<void>;
  /** Plain bytes, recorded at unpacking. */
  sizeOf(diffId: Digest): Promise<number>;
  /** Whether it brings programs of a 32-bit machine, or may do so. */
  has32BitPrograms(diffId: Digest): Promise<boolean>;
  /** Removes layers that are not in use, which is asked right before each removal. */
  collectGarbage(isInUse: (diffId: Digest) => boolean): Promise<void>;
}

export interface AdoptedLayer {
  readonly diffId: Digest;
  readonly folder: string;
  /** Plain bytes of its archive. */
  readonly sizeBytes: number;
  readonly has32BitPrograms: boolean;
}

export interface LayerStoreOptions {
  readonly limits?: Partial<LayerLimits>;
  /** How whoever mounts the layers needs them. Default: overlayfs's own. */
  readonly form?: LayerForm;
  /**
   * Milliseconds from the last new layer until all of them are brought to the disk. Default: none are, and count for
   * this run of the machine.
   */
  readonly syncAfterMs?: number;
  /** Default: none. */
  readonly logger?: Logger;
}

const unfinishedPrefix = "unfinished-";

/**
 * One engine owns the folder (it holds the state folder's lock), so what an earlier one left unfinished can go at once.
 */
export async function openLayerStore(folder: string, options: LayerStoreOptions = {}): Promise<LayerStore> {
  const { form = ownLayerForm(), logger = silentLogger, syncAfterMs } = options;
  const limits = { ...defaultLayerLimits, ...options.limits };
  const bootId = await readBootId();
  await mkdir(folder, { recursive: true, mode: 0o711 });
  for (const name of await readdir(folder)) {
    if (name.startsWith(unfinishedPrefix)) await removeTree(join(folder, name));
  }
  const underWay = new Map<Digest, Promise<void>>();
  const folderOf = (diffId: Digest): string => join(folder, encodedOf(diffId));
  const pathOf = (diffId: Digest): string => join(folderOf(diffId), "diff");
  /** Whoever looks for a layer waits until its removal is over. */
  const removals = new Map<Digest, Promise<void>>();
  /** Of layers that were whole when they were looked for: one read for each, and a look each time. */
  const known = new Map<Digest, LayerRecord>();

  const confirm = async (diffId: Digest, record: LayerRecord): Promise<void> => {
    const { bootId: _, ...durable } = record;
    // It may have been removed meanwhile, and unpacked anew.
    const isSame = (): boolean => known.get(diffId) === record;
    if (isSame() && (await replaceRecord(folderOf(diffId), durable, isSame))) known.set(diffId, durable);
  };
  const sync =
    syncAfterMs === undefined
      ? undefined
      : createDiskSync({
          folder,
          quietMs: syncAfterMs,
          isBusy: () => underWay.size > 0,
          unconfirmed: () => [...known].filter(([, record]) => record.bootId !== undefined),
          confirm: ([diffId, record]) => confirm(diffId, record),
          logger,
        });

  const note = (diffId: Digest, record: LayerRecord): void => {
    known.set(diffId, record);
    if (record.bootId !== undefined) sync?.request();
  };

  const has = async (diffId: Digest): Promise<boolean> => {
    await removals.get(diffId);
    if (!known.has(diffId)) {
      const record = await readRecord(folderOf(diffId));
      const isWhole = record !== undefined && (record.bootId === undefined || record.bootId === bootId);
      if (!isWhole) return false;
      if (!known.has(diffId)) note(diffId, record);
    }
    try {
      await access(pathOf(diffId));
    } catch (error) {
      if (!hasCode(error, "ENOENT")) throw error;
      known.delete(diffId);
      return false;
    }
    return true;
  };

  /** Also of a layer that is not whole: its record tells the truth, if there is one. */
  const recordOf = async (diffId: Digest): Promise<LayerRecord | undefined> => {
    await removals.get(diffId);
    return known.get(diffId) ?? (await readRecord(folderOf(diffId)));
  };

  const newUnfinished = (): string => join(folder, `${unfinishedPrefix}${randomId().slice(0, 16)}`);

  /**
   * What is there and not whole is moved away. Its files stay until the next start: a container may have them mounted.
   */
  const place = async (unfinished: string, diffId: Digest, facts: Omit<LayerRecord, "bootId">): Promise<void> => {
    const record: LayerRecord = bootId === undefined ? facts : { ...facts, bootId };
    await writeRecord(unfinished, record);
    known.delete(diffId);
    const damaged = newUnfinished();
    await rename(folderOf(diffId), damaged).catch((error: unknown) => {
      if (!hasCode(error, "ENOENT")) throw error;
    });
    await rename(unfinished, folderOf(diffId));
    note(diffId, record);
  };

  const unpack = async (request: UnpackRequest): Promise<void> => {
    if (await has(request.diffId)) {
      request.source.destroy();
      return;
    }
    const unfinished = newUnfinished();
    await mkdir(join(unfinished, "diff"), { recursive: true, mode: 0o755 });
    try {
      await place(unfinished, request.diffId, await unpackLayer(request, join(unfinished, "diff"), { limits, form }));
    } finally {
      await removeTree(unfinished);
    }
  };

  const adopt: LayerStore["adopt"] = async (layer) => {
    if (await has(layer.diffId)) return;
    const unfinished = newUnfinished();
    await mkdir(unfinished, { mode: 0o755 });
    try {
      await rename(layer.folder, join(unfinished, "diff"));
      const { sizeBytes, has32BitPrograms } = layer;
      await place(unfinished, layer.diffId, { sizeBytes, has32BitPrograms });
    } finally {
      await removeTree(unfinished);
    }
  };

  const remove = async (name: string): Promise<void> => {
    // Renamed first, so that a half-removed layer is never taken for a whole one.
    const doomed = join(folder, `${unfinishedPrefix}${name}`);
    try {
      await rename(join(folder, name), doomed);
    } catch (error) {
      // Another collection has removed it since this one looked.
      if (hasCode(error, "ENOENT")) return;
      throw error;
    }
    await removeTree(doomed);
    for (const short of [name.slice(0, 12), name]) await rm(join(folder, "l", short), { force: true });
  };

  return {
    has,
    pathOf,
    unpack: async (request) => {
      // The source may fail before anybody reads it; reading it then says so.
      request.source.on("error", () => {});
      const running = underWay.get(request.diffId);
      if (running !== undefined) {
        request.source.destroy();
        return await running;
      }
      const done = unpack(request).finally(() => underWay.delete(request.diffId));
      underWay.set(request.diffId, done);
      await done;
    },
    adopt: async (layer) => {
      await underWay.get(layer.diffId)?.catch(() => {});
      const done = adopt(layer).finally(() => underWay.delete(layer.diffId));
      underWay.set(layer.diffId, done);
      await done;
    },
    sizeOf: async (diffId) => (await recordOf(diffId))?.sizeBytes ?? 0,
    has32BitPrograms: async (diffId) => (await recordOf(diffId))?.has32BitPrograms ?? true,
    collectGarbage: async (isInUse) => {
      for (const name of await readdir(folder)) {
        const diffId = `sha256:${name}`;
        if (!isDigest(diffId) || isInUse(diffId)) continue;
        // Two collections at once meet at the same layers.
        known.delete(diffId);
        const removal = removals.get(diffId) ?? remove(name).finally(() => removals.delete(diffId));
        removals.set(diffId, removal);
        await removal;
      }
    },
  };
}
