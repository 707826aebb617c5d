import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../internal/errors";
import { randomId } from "../../internal/ids";
import { removeTree } from "../../internal/remove-tree";
import { type Digest, encodedOf, isDigest } from "../image/digest";
import { defaultLayerLimits, type LayerLimits } from "./entry-guard";
import { ownLayerForm } from "./own-form";
import type { LayerForm } from "./tar-filter";
import { type UnpackRequest, unpackLayer } from "./unpack";

export type { LayerLimits } from "./entry-guard";
export type { UnpackRequest } from "./unpack";

/** Unpacked layers by diff id, each a folder in the store's form that nobody writes to. */
export interface LayerStore {
  has(diffId: Digest): Promise<boolean>;
  pathOf(diffId: Digest): string;
  /** Of an image's layers, from the lowest up. */
  pathsOf(diffIds: readonly Digest[]): readonly string[];
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

interface LayerRecord {
  readonly sizeBytes: number;
  /** Absent: nobody looked. */
  readonly has32BitPrograms?: boolean;
}

const unfinishedPrefix = "unfinished-";
const recordName = "layer.json";

/**
 * `form` is how whoever mounts the layers needs them; default: overlayfs's own. One engine owns the folder (it holds the state folder's lock), so what an earlier one left unfinished can go at once.
 */
export async function openLayerStore(
  folder: string,
  limits: Partial<LayerLimits> = {},
  form: LayerForm = ownLayerForm(),
): Promise<LayerStore> {
  const allLimits = { ...defaultLayerLimits, ...limits };
  await mkdir(folder, { recursive: true, mode: 0o711 });
  for (const name of await readdir(folder)) {
    if (name.startsWith(unfinishedPrefix)) await removeTree(join(folder, name));
  }
  const underWay = new Map<Digest, Promise<void>>();
  const folderOf = (diffId: Digest): string => join(folder, encodedOf(diffId));
  /** Whoever looks for a layer waits until its removal is over. */
  const removals = new Map<Digest, Promise<void>>();
  const recordOf = async (diffId: Digest): Promise<LayerRecord | undefined> => {
    await removals.get(diffId);
    try {
      return parseRecord(await readFile(join(folderOf(diffId), recordName), "utf8"));
    } catch (error) {
      if (hasCode(error, "ENOENT")) return undefined;
      throw error;
    }
  };

  const newUnfinished = (): string => join(folder, `${unfinishedPrefix}${randomId().slice(0, 16)}`);

  /** What is there without a record is damaged. Its files stay until the next start: a container may have them mounted. */
  const place = async (unfinished: string, diffId: Digest): Promise<void> => {
    const damaged = newUnfinished();
    await rename(folderOf(diffId), damaged).catch((error: unknown) => {
      if (!hasCode(error, "ENOENT")) throw error;
    });
    await rename(unfinished, folderOf(diffId));
  };

  const unpack = async (request: UnpackRequest): Promise<void> => {
    if ((await recordOf(request.diffId)) !== undefined) {
      request.source.destroy();
      return;
    }
    const unfinished = newUnfinished();
    await mkdir(join(unfinished, "diff"), { recursive: true, mode: 0o755 });
    try {
      const record: LayerRecord = await unpackLayer(request, join(unfinished, "diff"), { limits: allLimits, form });
      await writeFile(join(unfinished, recordName), JSON.stringify(record));
      await place(unfinished, request.diffId);
    } finally {
      await removeTree(unfinished);
    }
  };

  const adopt: LayerStore["adopt"] = async (layer) => {
    if ((await recordOf(layer.diffId)) !== undefined) return;
    const unfinished = newUnfinished();
    await mkdir(unfinished, { mode: 0o755 });
    try {
      const record: LayerRecord = { sizeBytes: layer.sizeBytes, has32BitPrograms: layer.has32BitPrograms };
      await writeFile(join(unfinished, recordName), JSON.stringify(record));
      await rename(layer.folder, join(unfinished, "diff"));
      await place(unfinished, layer.diffId);
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

  const pathOf = (diffId: Digest): string => join(folderOf(diffId), "diff");

  return {
    has: async (diffId) => (await recordOf(diffId)) !== undefined,
    pathOf,
    pathsOf: (diffIds) => diffIds.map(pathOf),
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
        const removal = removals.get(diffId) ?? remove(name).finally(() => removals.delete(diffId));
        removals.set(diffId, removal);
        await removal;
      }
    },
  };
}

/** Undefined: a machine that lost its power left it empty, or somebody damaged it. */
function parseRecord(text: string): LayerRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<LayerRecord> | null;
    return typeof record?.sizeBytes === "number" ? { ...record, sizeBytes: record.sizeBytes } : undefined;
  } catch {
    return undefined;
  }
}
