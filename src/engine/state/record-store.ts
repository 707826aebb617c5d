import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../../internal/errors";
import type { Logger } from "../../internal/log";
import { removeTree } from "../../internal/remove-tree";
import { stateTooNew } from "../../internal/state-too-new";

/**
 * One JSON file per record, in a folder of its own: `<folder>/<id>/<file>`. The folder may hold other things of the
 * record's owner. A record is replaced by a rename, so a reader after a crash sees the old or the new one, whole.
 */
export interface RecordStore<T> {
  folderOf(id: string): string;
  /**
   * All records. The folder of one that was never finished, or that somebody damaged, is removed: nobody could ever use
   * or remove it. One that the machine does not let us read now is left for another time. Throws `state-too-new`.
   */
  load(): Promise<ReadonlyMap<string, T>>;
  put(id: string, record: T): Promise<void>;
  /** The record and everything in its folder. Idempotent. */
  remove(id: string): Promise<void>;
}

interface Envelope {
  /** Raised when older engines must not touch the state any more. */
  readonly format: number;
  readonly record: unknown;
}

const format = 1;

export interface RecordStoreOptions<T> {
  readonly file: string;
  /** What is in a file may be anything: people edit them. */
  readonly isRecord: (value: unknown, id: string) => value is T;
  /** A damaged record does not cost what else is in its folder. Default: it does. */
  readonly keepsDamaged?: boolean;
  readonly logger: Logger;
}

export async function openRecordStore<T>(folder: string, options: RecordStoreOptions<T>): Promise<RecordStore<T>> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const folderOf = (id: string): string => join(folder, id);
  // Writes of one record are queued: two renames must not race, and the last one asked for must win.
  const queues = new Map<string, Promise<void>>();

  const load = async (): Promise<ReadonlyMap<string, T>> => {
    const records = new Map<string, T>();
    for (const id of await readdir(folder)) {
      try {
        const record = parse(await readFile(join(folder, id, options.file), "utf8"));
        if (options.isRecord(record, id)) records.set(id, record);
        else await removeDamaged(id);
      } catch (error) {
        if (hasCode(error, "state-too-new")) throw error;
        // The folder was made, and then there was no time for more.
        if (hasCode(error, "ENOENT")) await removeFolder(id);
        else options.logger.warn("read record", { folder: folderOf(id), error });
      }
    }
    return records;
  };

  const removeDamaged = async (id: string): Promise<void> => {
    const isKept = options.keepsDamaged ?? false;
    options.logger.warn(isKept ? "leave damaged record" : "remove damaged record", { folder: folderOf(id) });
    if (!isKept) await removeFolder(id);
  };

  /** What cannot be removed now must not keep the engine from serving: the next one tries again. */
  const removeFolder = async (id: string): Promise<void> => {
    await removeTree(folderOf(id)).catch((error: unknown) =>
      options.logger.warn("remove record", { folder: folderOf(id), error }),
    );
  };

  const put = (id: string, record: T): Promise<void> => {
    const text = JSON.stringify({ format, record } satisfies Envelope);
    const write = async (): Promise<void> => {
      const path = join(folder, id, options.file);
      const writeNew = (): Promise<void> => writeFile(`${path}.new`, text, { mode: 0o600 });
      await writeNew().catch(async (error: unknown) => {
        // Mostly it is there.
        if (!hasCode(error, "ENOENT")) throw error;
        await mkdir(folderOf(id), { recursive: true, mode: 0o711 });
        await writeNew();
      });
      await rename(`${path}.new`, path);
    };
    const done = (queues.get(id) ?? Promise.resolve()).then(write);
    queues.set(
      id,
      done.catch(() => {}),
    );
    return done;
  };

  const remove = async (id: string): Promise<void> => {
    await queues.get(id);
    queues.delete(id);
    await removeTree(folderOf(id));
  };

  return { folderOf, load, put, remove };
}

/** Undefined: it is damaged. */
function parse(text: string): unknown {
  const envelope = parseJson(text) as Partial<Envelope> | null | undefined;
  if (Number(envelope?.format) > format) throw stateTooNew();
  return envelope?.record;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
