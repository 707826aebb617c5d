import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../internal/errors";

/** What is kept of an unpacked layer beside its files. */
export interface LayerRecord {
  /** Plain bytes of its archive. */
  readonly sizeBytes: number;
  /** Absent: nobody looked. */
  readonly has32BitPrograms?: boolean;
  /**
   * Of the machine's run in which the layer was written, until its files are known to be on the disk. In any other run
   * it is not known what is left of them.
   */
  readonly bootId?: string;
}

const recordName = "layer.json";

/** Undefined: there is none, a machine that lost its power left it empty, or somebody damaged it. */
export async function readRecord(layerFolder: string): Promise<LayerRecord | undefined> {
  try {
    return parseRecord(await readFile(join(layerFolder, recordName), "utf8"));
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    throw error;
  }
}

/** Of a layer that is being made; nobody looks for it yet. */
export async function writeRecord(layerFolder: string, record: LayerRecord): Promise<void> {
  await writeFile(join(layerFolder, recordName), JSON.stringify(record));
}

/**
 * The old record or the new one, whenever the machine stops. Tells whether it is the new one: not when the layer has
 * gone, or `isSame` says that another one has its place.
 */
export async function replaceRecord(layerFolder: string, record: LayerRecord, isSame: () => boolean): Promise<boolean> {
  const path = join(layerFolder, recordName);
  try {
    await writeFile(`${path}.new`, JSON.stringify(record), { flush: true });
    // Whose place is taken from here on takes that file along, and there is nothing to rename.
    if (!isSame()) return false;
    await rename(`${path}.new`, path);
    return isSame();
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}

/** Tells one run of the machine from the next; undefined where the kernel does not say. */
export async function readBootId(): Promise<string | undefined> {
  const text = await readFile("/proc/sys/kernel/random/boot_id", "utf8").catch(() => "");
  return text.trim() || undefined;
}

function parseRecord(text: string): LayerRecord | undefined {
  try {
    const record = JSON.parse(text) as Partial<LayerRecord> | null;
    return typeof record?.sizeBytes === "number" ? { ...record, sizeBytes: record.sizeBytes } : undefined;
  } catch {
    return undefined;
  }
}
