import { utimes } from "node:fs/promises";
import type { Readable } from "node:stream";
import { hasCode, isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import type { TreeWalk } from "../tree/tree-walk";
import { partsOf, walkTo } from "../tree/walk-to";
import type { WriteOptions } from "./archive-entry";
import { plainTar } from "./plain-tar";
import { tarEntries } from "./tar-entries";
import { createEntryWriter, type EntryWriter, type WrittenFolder } from "./write-entry";

export interface UnpackIntoOptions extends WriteOptions {
  readonly signal: AbortSignal;
}

/**
 * Unpacks an archive into a folder inside a tree. Whatever names and links the archive or the tree hold, and whoever
 * changes the tree meanwhile, nothing outside it is touched. Throws `path-not-found`, `invalid-argument`,
 * `permission-denied` where the tree is read-only, `aborted`.
 */
export async function unpackInto(
  walk: TreeWalk,
  path: string,
  archive: Readable,
  options: UnpackIntoOptions,
): Promise<void> {
  // The archive may fail before anybody reads it; reading it then says so.
  archive.on("error", () => {});
  const base = await baseOf(walk, path);
  const writer = createEntryWriter(walk, base, options);
  try {
    await writeAll(writer, archive, options.signal);
  } catch (error) {
    if (options.signal.aborted) throw new RuncibleError("aborted", `write into ${path}: cancelled`, { cause: error });
    if (isRuncibleError(error)) throw error;
    throw new RuncibleError("invalid-argument", `Error processing tar file: ${messageOf(error)}`, { cause: error });
  } finally {
    await writer.close();
  }
  // Last, because every file written into a folder changes its time.
  for (const folder of writer.folders.toReversed()) await applyTimes(walk, folder);
}

/** The folder to unpack into, free of links. */
async function baseOf(walk: TreeWalk, path: string): Promise<string> {
  const notThere = (cause: unknown): RuncibleError =>
    new RuncibleError("path-not-found", `write into ${path}: there is no such folder`, { cause });
  const last = await walkTo(walk, path, { followLast: true }).catch((error: unknown) => {
    throw hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR") ? notThere(error) : error;
  });
  if (last === undefined) return walk.path;
  const entry = await walk.openEntry(last).catch((error: unknown) => {
    throw hasCode(error, "ENOENT") ? notThere(error) : error;
  });
  await entry.close();
  throw new RuncibleError("invalid-argument", "extraction point is not a directory");
}

async function writeAll(writer: EntryWriter, archive: Readable, signal: AbortSignal): Promise<void> {
  for await (const entry of tarEntries(await plainTar(archive), signal)) await writer.write(entry);
  await writer.finish();
}

/** A folder that is gone or is another by now has its own time. */
async function applyTimes(walk: TreeWalk, { path, mtime }: WrittenFolder): Promise<void> {
  try {
    await walk.moveTo(partsOf(path));
    await utimes(walk.folder.path, mtime, mtime);
  } catch (error) {
    const codes = ["ENOENT", "ENOTDIR", "path-not-found"] as const;
    if (!codes.some((code) => hasCode(error, code))) throw error;
  }
}
