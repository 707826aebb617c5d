import { constants } from "node:fs";
import { chmod, chown, link, lstat, open, symlink, utimes } from "node:fs/promises";
import { posix } from "node:path";
import type { Header } from "tar-stream";
import { hasCode, isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import { ownUserNamespace } from "../../internal/user-namespace";
import { diskError } from "../image/disk-error";
import type { ProgramScan } from "../layer/program-scan";
import type { Handle } from "../tree/handle";
import { removeEntry } from "../tree/remove-entry";
import type { TreeWalk } from "../tree/tree-walk";
import { walkTo } from "../tree/walk-to";

export interface WriteOptions {
  /** A folder is never replaced by something else, nor the other way round. */
  readonly noOverwriteDirNonDir: boolean;
  /** Owner of everything written; absent: as the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Is shown every file. Default: nobody looks. */
  readonly programs?: ProgramScan;
}

/** An entry of an archive that is being read, with its data. */
export interface ArchiveEntry extends AsyncIterable<unknown> {
  readonly header: Header;
  /** Reads past data that nobody wants. */
  resume(): unknown;
}

/** A folder of the archive, which gets its time in the end. */
export interface WrittenFolder {
  /** From the root of the tree. */
  readonly path: string;
  readonly mtime: Date;
}

export interface EntryWriter {
  readonly folders: readonly WrittenFolder[];
  /** Reads all of it. What is no file, folder or link is left out: who needs devices asks for them at creation. */
  write(entry: ArchiveEntry): Promise<void>;
  /** The walk stays open. */
  close(): Promise<void>;
}

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

type EntryKind = "directory" | "symlink" | "link" | "file";

const kinds: ReadonlyMap<Header["type"], EntryKind> = new Map([
  ["directory", "directory"],
  ["symlink", "symlink"],
  ["link", "link"],
  ["file", "file"],
  ["contiguous-file", "file"],
]);

/** Writes the entries of an archive below `base`, a folder of the tree. */
export function createEntryWriter(walk: TreeWalk, base: string, options: WriteOptions): EntryWriter {
  const folders: WrittenFolder[] = [];
  let sources: TreeWalk | undefined;
  /** Name in the archive of the folder that the walk stands in. */
  let current: string | undefined;

  async function moveTo(folder: string): Promise<void> {
    if (current === folder) return;
    current = undefined;
    const last = await walkTo(walk, posix.join(base, folder), { followLast: true, makeMissing: true });
    if (last !== undefined) await enterOrMake(walk, last);
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
        return await writeFile(walk.folder, name, entry, options);
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
          await makeRoom(walk, posix.basename(path), kind, { ...options, name });
          await writeAs(kind, posix.basename(path), entry);
        } catch (error) {
          throw failureOf(name, error);
        }
      }
      entry.resume();
    },
    close: async () => sources?.[Symbol.asyncDispose](),
  };
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

async function writeFile(folder: Handle, name: string, data: ArchiveEntry, options: WriteOptions): Promise<void> {
  const { header } = data;
  const file = await open(folder.at(name), newFile, 0o600);
  try {
    options.programs?.begin();
    for await (const chunk of data) {
      if (!(chunk instanceof Uint8Array)) continue;
      options.programs?.push(chunk);
      await file.writeFile(chunk);
    }
    const { uid, gid } = ownerOf(header, options);
    await file.chown(uid, gid);
    // After the owner, whose change takes setuid away.
    await file.chmod(modeOf(header));
    await file.utimes(timeOf(header), timeOf(header));
  } finally {
    await file.close();
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

function ownerOf(header: Header, { owner }: WriteOptions): { readonly uid: number; readonly gid: number } {
  // A user without a range of ids can give files to nobody else.
  if (ownUserNamespace().hasOneId) return { uid: 0, gid: 0 };
  const { uid = header.uid, gid = header.gid } = paxOf(header);
  return owner ?? { uid: Number(uid), gid: Number(gid) };
}

function modeOf({ mode }: Header): number {
  return mode & 0o7777;
}

function timeOf(header: Header): Date {
  const seconds = Number(paxOf(header)["mtime"]);
  return Number.isNaN(seconds) ? header.mtime : new Date(seconds * 1000);
}

/** What did not fit into the header: large numbers, parts of seconds. The parser leaves it as text. */
function paxOf({ pax }: Header): { readonly [key in "uid" | "gid" | "mtime"]?: string } {
  return pax ?? {};
}

/** Errors of the file system with the name of the entry: the path of a handle means nothing to a reader. */
function failureOf(name: string, error: unknown): unknown {
  if (isRuncibleError(error) || !(error instanceof Error) || !("syscall" in error)) return error;
  const step = `write ${name}`;
  if (hasCode(error, "EROFS"))
    return new RuncibleError("permission-denied", `${step}: it is read-only`, { cause: error });
  const known = diskError(step, error);
  if (known !== error) return known;
  const reason = messageOf(error).replace(/, \w+ '\/proc\/self\/fd\/.*$/s, "");
  return new RuncibleError("invalid-argument", `Error processing tar file: ${step}: ${reason}`, { cause: error });
}
