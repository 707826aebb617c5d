import { chmod, chown, link, lstat, symlink, utimes } from "node:fs/promises";
import { posix } from "node:path";
import type { Header } from "tar-stream";
import { hasCode, RuncibleError } from "../../internal/errors";
import { createInFlight } from "../../internal/in-flight";
import type { Handle } from "../tree/handle";
import { removeEntry } from "../tree/remove-entry";
import type { TreeWalk } from "../tree/tree-walk";
import { partsOf, walkTo } from "../tree/walk-to";
import { type ArchiveEntry, failureOf, modeOf, ownerOf, timeOf, type WriteOptions } from "./archive-entry";
import { writeFile } from "./write-file";

/** A folder of the archive, which gets its time in the end. */
export interface WrittenFolder {
  /** From the root of the tree. */
  readonly path: string;
  readonly mtime: Date;
}

export interface EntryWriter {
  readonly folders: readonly WrittenFolder[];
  /**
   * Reads all of it. What is no file, folder or link is left out: who needs devices asks for them at creation. Small
   * files are written to an end later; one that fails does so in a later call.
   */
  write(entry: ArchiveEntry): Promise<void>;
  /** Until everything is written. */
  finish(): Promise<void>;
  /** Nothing is written any more. The walk stays open. */
  close(): Promise<void>;
}

type EntryKind = "directory" | "symlink" | "link" | "file";

const kinds: ReadonlyMap<Header["type"], EntryKind> = new Map([
  ["directory", "directory"],
  ["symlink", "symlink"],
  ["link", "link"],
  ["file", "file"],
  ["contiguous-file", "file"],
]);

const filesInFlight = 16;

/** Writes the entries of an archive below `base`, a folder of the tree. */
export function createEntryWriter(walk: TreeWalk, base: string, options: WriteOptions): EntryWriter {
  const folders: WrittenFolder[] = [];
  const files = createInFlight(filesInFlight);
  let sources: TreeWalk | undefined;
  /** Name in the archive of the folder that the walk stands in. */
  let current: string | undefined;

  async function moveTo(folder: string): Promise<void> {
    if (current === folder) return;
    current = undefined;
    const path = posix.join(base, folder);
    if (!(await isReached(walk, path))) {
      const last = await walkTo(walk, path, { followLast: true, makeMissing: true });
      if (last !== undefined) await enterOrMake(walk, last);
    }
    current = folder;
  }

  async function writeFolder(name: string, header: Header): Promise<void> {
    await enterOrMake(walk, name);
    walk.checkWritable();
    await applyOwner(walk.folder.path, header, options);
    await chmod(walk.folder.path, modeOf(header));
    folders.push({ path: walk.path, mtime: timeOf(header) });
    await walk.leave();
  }

  async function writeLink(name: string, target: string): Promise<void> {
    sources ??= await walk.fork();
    const source = await walkTo(sources, posix.join(base, target), { followLast: false });
    if (source === undefined) throw new RuncibleError("invalid-argument", `link to ${target}: it is a folder`);
    await link(sources.folder.at(source), walk.folder.at(name));
  }

  /** What is in the way is looked for only if something is. */
  async function writeNewFile(name: string, entry: ArchiveEntry): Promise<void> {
    walk.checkWritable();
    try {
      return await writeFile(walk.folder, name, entry, { ...options, files });
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    await makeRoom(walk, name, "file", { ...options, name: entry.header.name });
    await writeFile(walk.folder, name, entry, { ...options, files });
  }

  async function writeAs(kind: EntryKind, name: string, entry: ArchiveEntry): Promise<void> {
    const { header } = entry;
    switch (kind) {
      case "directory":
        return await writeFolder(name, header);
      case "symlink":
        return await writeSymlink(walk.folder, name, header, options);
      case "link":
        return await writeLink(name, header.linkname ?? "");
      case "file":
        return await writeNewFile(name, entry);
    }
  }

  return {
    folders,
    write: async (entry) => {
      const { name, type } = entry.header;
      const kind = kinds.get(type);
      const path = posix.join("/", name).replace(/\/$/, "");
      if (kind !== undefined && path !== "") {
        try {
          await moveTo(posix.dirname(path));
          if (kind !== "file") await makeRoom(walk, posix.basename(path), kind, { ...options, name });
          await writeAs(kind, posix.basename(path), entry);
        } catch (error) {
          throw failureOf(name, error);
        }
      }
      entry.resume();
    },
    finish: () => files.settled(),
    close: async () => {
      await files.settled().catch(() => {});
      await sources?.[Symbol.asyncDispose]();
    },
  };
}

/**
 * Goes to a folder from where the walk stands, if it is there and no link is on the way. What the archive replaced
 * meanwhile is not kept open: to replace it, the walk stood above it.
 */
async function isReached(walk: TreeWalk, path: string): Promise<boolean> {
  try {
    await walk.moveTo(partsOf(path));
    return true;
  } catch {
    // By the long way it succeeds, or fails for the same reason.
    return false;
  }
}

async function enterOrMake(walk: TreeWalk, name: string): Promise<void> {
  try {
    await walk.enter(name);
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
    await walk.makeFolder(name);
    await walk.enter(name);
  }
}

/** Removes what is in the way of an entry. */
async function makeRoom(
  walk: TreeWalk,
  name: string,
  kind: EntryKind,
  told: { readonly name: string; readonly noOverwriteDirNonDir: boolean },
): Promise<void> {
  const isThere = await folderOrNot(walk, name);
  const isFolder = kind === "directory";
  if (isThere === "folder" && isFolder) return;
  if (isThere === "nothing") {
    if (!isFolder) walk.checkWritable();
    return;
  }
  walk.checkWritable();
  if (told.noOverwriteDirNonDir && (isThere === "folder") !== isFolder) {
    const [from, to] = isFolder ? ["directory", "non-directory"] : ["non-directory", "directory"];
    throw new RuncibleError("invalid-argument", `cannot overwrite ${to} "${told.name}" with ${from}`);
  }
  await removeEntry(walk, name);
}

async function folderOrNot(walk: TreeWalk, name: string): Promise<"folder" | "other" | "nothing"> {
  try {
    return (await lstat(walk.folder.at(name))).isDirectory() ? "folder" : "other";
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "nothing";
    throw error;
  }
}

async function writeSymlink(folder: Handle, name: string, header: Header, options: WriteOptions): Promise<void> {
  await symlink(header.linkname ?? "", folder.at(name));
  const made = await folder.openEntry(name);
  try {
    // Somebody may have put something else there, whose owner is not ours to change.
    if (!(await made.stat()).isSymbolicLink()) return;
    await applyOwner(made.path, header, options);
    await utimes(made.path, timeOf(header), timeOf(header));
  } finally {
    await made.close();
  }
}

async function applyOwner(path: string, header: Header, options: WriteOptions): Promise<void> {
  const { uid, gid } = ownerOf(header, options);
  await chown(path, uid, gid);
}
