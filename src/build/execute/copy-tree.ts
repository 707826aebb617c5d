import { constants, type Stats } from "node:fs";
import { chmod, copyFile, link as hardLink, lchown, lstat, lutimes, mkdir, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { run } from "../../internal/exec";
import { createInFlight, type InFlight } from "../../internal/in-flight";
import { resolveInRoot } from "../context/path-in-root";
import { type TreeEntry, type TreeFilter, walkTree } from "../context/tree";
import type { ModeChange } from "./file-mode";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export const rootOwner: Owner = { uid: 0, gid: 0 };

export interface CopyJob {
  /** A file or folder on this machine. */
  readonly source: string;
  readonly root: string;
  /** In the root; of a folder, the content goes into it. */
  readonly target: string;
  /** Undefined: as the source's. */
  readonly owner: Owner | undefined;
  readonly changeMode: ModeChange | undefined;
  /** A folder is copied itself, not only what is in it. */
  readonly keepsTopFolder: boolean;
  /** Capabilities of programs come along: those of an image, not those of a client's machine. */
  readonly keepsAttributes: boolean;
  readonly filter: TreeFilter;
  readonly signal: AbortSignal;
}

/**
 * Copies into a root in which nothing runs; no link in it leads outside. Names of one file stay names of one. A folder
 * that is the target itself keeps its owner and permissions if it is there, and is as any folder on the way to a target
 * if it is not: both of Docker's builders do so. So does one that is left out but for something in it, if it is there.
 * Throws `invalid-argument` where a folder is to become a file or a file a folder.
 */
export async function copyTree(job: CopyJob): Promise<void> {
  const files = createInFlight(filesInFlight);
  try {
    const { folders, programs } = await copyEntries(job, files);
    if (job.keepsAttributes) await copyAttributes(programs, job.signal);
    // Last, because every file written into a folder changes its time.
    for (const { path, stats } of folders.toReversed()) await lutimes(path, stats.atime, stats.mtime);
  } finally {
    // Whoever removes the root next is to be alone in it.
    await files.settled().catch(() => {});
  }
}

/** The price of a file is the way to a thread and back, which several share. */
const filesInFlight = 16;

interface Copied {
  readonly folders: readonly { readonly path: string; readonly stats: Stats }[];
  readonly programs: readonly Program[];
}

async function copyEntries(job: CopyJob, files: InFlight): Promise<Copied> {
  const folders: { readonly path: string; readonly stats: Stats }[] = [];
  /** Where the folders of the source are in the root, by their relative path. */
  const places = new Map<string, string>();
  const programs: Program[] = [];
  const linked = new Map<string, string>();
  let current = "";
  for await (const entry of walkTree(job.source, job.filter)) {
    job.signal.throwIfAborted();
    const parent = dirname(entry.relative);
    // By a link in the root, two folders may be one there: what comes later in the source is to come later.
    if (parent !== current) await files.settled();
    current = parent;
    const place = await placeOf(job, entry, places);
    if (!entry.stats.isDirectory()) {
      const copying = (): Promise<void> => copyLeaf(job, entry, place, linked);
      // The first of several names is to be there when the next one comes.
      if (entry.stats.nlink > 1) await copying();
      else await files.begin(copying);
      if (entry.stats.isFile() && (entry.stats.mode & 0o111) !== 0) programs.push({ source: entry.path, place });
      continue;
    }
    const isNew = await makeFolder(place);
    const isTop = entry.relative === "";
    if (isNew || !(isTop || entry.isLeftOut)) {
      if (isTop && !job.keepsTopFolder) await openToAll(place, job.owner ?? rootOwner);
      else await applyOwner(job, place, entry.stats);
      folders.push({ path: place, stats: entry.stats });
    }
    places.set(entry.relative, place);
  }
  await files.settled();
  return { folders, programs };
}

interface Program {
  readonly source: string;
  readonly place: string;
}

/** Node has no word for extended attributes. After the owner, which takes capabilities away when it changes. */
async function copyAttributes(programs: readonly Program[], signal: AbortSignal): Promise<void> {
  const byFolder = new Map<string, string[]>();
  for (const { source, place } of programs) {
    const isRenamed = basename(source) !== basename(place);
    const target = isRenamed ? place : dirname(place);
    byFolder.set(target, [...(byFolder.get(target) ?? []), source]);
  }
  for (const [target, sources] of byFolder) {
    for (let at = 0; at < sources.length; at += filesAtOnce) {
      const files = sources.slice(at, at + filesAtOnce);
      await run("cp", ["--attributes-only", "--preserve=xattr", "--no-dereference", "--", ...files, target], {
        signal,
      });
    }
  }
}

/** The kernel limits the length of a command line. */
const filesAtOnce = 200;

/**
 * Folders that lack on the way to a target are made, open to everybody. Throws `invalid-argument` where a file is in
 * the way.
 */
export async function makeFolders(root: string, target: string, owner: Owner): Promise<void> {
  const path = await resolveInRoot(root, target, { followLast: true });
  const missing: string[] = [];
  let at = path;
  for (; at.length > root.length && !(await statOrNothing(at)); at = dirname(at)) missing.unshift(at);
  if (at.length > root.length && !(await lstat(at)).isDirectory()) {
    const file = at.slice(root.length);
    throw new RuncibleError("invalid-argument", `make folder ${target}: ${file} is not a directory`);
  }
  for (const folder of missing) {
    await mkdir(folder);
    await openToAll(folder, owner);
  }
}

/** A folder of a source that is above what is copied, with `--parents`. */
export interface ParentFolder {
  /** Below the target. */
  readonly name: string;
  readonly stats: Stats;
}

/** Makes those that lack, each as its source is. Throws as `makeFolders`. */
export async function makeParents(
  root: string,
  target: string,
  parents: readonly ParentFolder[],
  how: Pick<CopyJob, "owner" | "changeMode">,
): Promise<void> {
  for (const { name, stats } of parents) {
    const path = await resolveInRoot(root, join(target, name), { followLast: true });
    if (await makeFolder(path)) await applyOwner(how, path, stats);
  }
}

async function openToAll(folder: string, owner: Owner): Promise<void> {
  await chmod(folder, 0o755);
  await lchown(folder, owner.uid, owner.gid);
}

/** Links to folders are followed inside the root, a link in place of a file is replaced. */
async function placeOf(
  { root, target }: CopyJob,
  entry: TreeEntry,
  places: ReadonlyMap<string, string>,
): Promise<string> {
  const isFolder = entry.stats.isDirectory();
  if (entry.relative === "") return await resolveInRoot(root, target, { followLast: isFolder });
  const slash = entry.relative.lastIndexOf("/");
  const parent = places.get(slash < 0 ? "" : entry.relative.slice(0, slash)) ?? root;
  const place = join(parent, entry.relative.slice(slash + 1));
  if (!isFolder || !(await statOrNothing(place))?.isSymbolicLink()) return place;
  return await resolveInRoot(root, place.slice(root.length), { followLast: true });
}

/** Whether it was not there. */
async function makeFolder(path: string): Promise<boolean> {
  const existing = await statOrNothing(path);
  if (existing?.isDirectory()) return false;
  if (existing !== undefined) {
    throw new RuncibleError(
      "invalid-argument",
      `cannot overwrite non-directory ${path.split("/").at(-1)} with a directory`,
    );
  }
  await mkdir(path, { recursive: true });
  return true;
}

/** `linked` is where files with several names are, by what the kernel calls them. */
async function copyLeaf(
  job: CopyJob,
  { path, stats, link }: TreeEntry,
  place: string,
  linked: Map<string, string>,
): Promise<void> {
  const existing = await statOrNothing(place);
  if (existing?.isDirectory()) {
    const folder = place.slice(job.root.length);
    throw new RuncibleError("invalid-argument", `cannot overwrite directory ${folder} with a file`);
  }
  if (existing !== undefined) {
    await rm(place);
    for (const [file, at] of linked) if (at === place) linked.delete(file);
  }
  if (stats.isFile() && stats.nlink > 1) {
    const file = `${stats.dev}:${stats.ino}`;
    const first = linked.get(file);
    if (first !== undefined) return await hardLink(first, place);
    linked.set(file, place);
  }
  if (link !== undefined) await symlink(link, place);
  else if (stats.isFile()) await copyFile(path, place, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  // Devices, pipes: only other images have them.
  else await run("cp", ["--archive", "--no-target-directory", path, place], { signal: job.signal });
  await applyOwner(job, place, stats);
  await lutimes(place, stats.atime, stats.mtime);
}

async function applyOwner(
  { owner, changeMode }: Pick<CopyJob, "owner" | "changeMode">,
  path: string,
  stats: Stats,
): Promise<void> {
  await lchown(path, owner?.uid ?? stats.uid, owner?.gid ?? stats.gid);
  if (stats.isSymbolicLink()) return;
  const mode = stats.mode & 0o7777;
  await chmod(path, changeMode?.(mode, stats.isDirectory()) ?? mode);
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  return await lstat(path).catch(() => undefined);
}
