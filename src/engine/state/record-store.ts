import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, RuncibleError } from "../../internal/errors";
import type { Logger } from "../../internal/log";

/**
 * One JSON file per record, in a folder of its own: `<folder>/<id>/<file>`. The folder may hold other things of the
 * record's owner. A record is replaced by a rename, so a reader after a crash sees the old or the new one, whole.
 */
export interface RecordStore<T> {
  folderOf(id: string): string;
  /** All readable records. What cannot be read is logged and its folder removed: nobody could ever use or remove it. */
  load(): Promise<ReadonlyMap<string, T>>;
  put(id: string, record: T): Promise<void>;
  /** The record and everything in its folder. Idempotent. */
  remove(id: string): Promise<void>;
}

interface Envelope<T> {
  /** Raised when older engines must not touch the state any more. */
  readonly format: number;
  readonly record: T;
}

const format = 1;

export async function openRecordStore<T>(
  folder: string,
  options: { readonly file: string; readonly logger: Logger },
): Promise<RecordStore<T>> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const folderOf = (id: string): string => join(folder, id);
  // Writes of one record are queued: two renames must not race, and the last one asked for must win.
  const queues = new Map<string, Promise<void>>();

  const load = async (): Promise<ReadonlyMap<string, T>> => {
    const records = new Map<string, T>();
    for (const id of await readdir(folder)) {
      try {
        records.set(id, parse<T>(await readFile(join(folder, id, options.file), "utf8")));
      } catch (error) {
        if (error instanceof RuncibleError) throw error;
        options.logger.warn("remove unreadable record", { folder: folderOf(id), reason: messageOf(error) });
        await rm(folderOf(id), { recursive: true, force: true });
      }
    }
    return records;
  };

  const put = (id: string, record: T): Promise<void> => {
    const text = JSON.stringify({ format, record } satisfies Envelope<T>);
    const write = async (): Promise<void> => {
      const path = join(folder, id, options.file);
      await mkdir(folderOf(id), { recursive: true, mode: 0o711 });
      await writeFile(`${path}.new`, text, { mode: 0o600 });
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
    await rm(folderOf(id), { recursive: true, force: true });
  };

  return { folderOf, load, put, remove };
}

function parse<T>(text: string): T {
  const envelope: Envelope<T> = JSON.parse(text);
  if (envelope.format > format) {
    throw new RuncibleError(
      "state-too-new",
      "read state folder: a newer version of runcible wrote it; use that version, or another RUNCIBLE_STATE_DIR",
    );
  }
  return envelope.record;
}
