import { readlink } from "node:fs/promises";
import { hasCode, RuncibleError } from "../../internal/errors";
import { Handle } from "./handle";
import type { TreeWalk } from "./tree-walk";

/** As the kernel's own limit (ELOOP). */
const linkLimit = 40;

export interface WalkOptions {
  /** Whether a link in the last place is followed; those before always are. */
  readonly followLast: boolean;
  /** Folders that lack are made, root's and 0755; the last part is never made. Default: they are an error. */
  readonly makeMissing?: boolean;
}

/** The parts of a path, without empty ones and dots. */
export function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

/**
 * Goes to a path from the root, every link resolved as if the root were `/`: none, however hostile, leads outside, also
 * when the tree changes meanwhile. Undefined: the walk stands in the folder that the path leads to. A name: the walk
 * stands in the folder above it, and what has this name is no folder, is not there, or is not to be followed. Throws
 * ENOENT, ENOTDIR, and `invalid-argument` on a loop of links.
 */
export async function walkTo(walk: TreeWalk, path: string, options: WalkOptions): Promise<string | undefined> {
  await walk.toRoot();
  const pending = partsOf(path);
  let links = 0;
  let misses = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === "..") {
      await walk.leave();
      continue;
    }
    const isLast = pending.length === 0;
    if (isLast && !options.followLast) return part;
    const step = await stepInto(walk, part);
    if (step.kind === "entered") {
      misses = 0;
    } else if (step.kind === "link") {
      links += 1;
      if (links > linkLimit) throw tooManyLinks(path);
      if (step.target.startsWith("/")) await walk.toRoot();
      pending.unshift(...partsOf(step.target));
    } else if (isLast) {
      return part;
    } else {
      misses += 1;
      // Somebody may remove it as often as it is made.
      if (step.kind === "file" || !options.makeMissing || misses > linkLimit) throw step.error;
      await walk.makeFolder(part);
      pending.unshift(part);
    }
  }
  return undefined;
}

/**
 * What a path leads to, every link followed as `walkTo` does. The handle outlives the walk and is never that of a link.
 * Throws as `walkTo`, and `path-not-found` when the path is changed meanwhile.
 */
export async function openAt(walk: TreeWalk, path: string): Promise<Handle> {
  const last = await walkTo(walk, path, { followLast: true });
  if (last === undefined) return await Handle.openFolder(walk.folder.path);
  const handle = await walk.openEntry(last);
  if (!(await handle.stat()).isSymbolicLink()) return handle;
  await handle.close();
  throw new RuncibleError("path-not-found", `open ${path}: it was replaced by a link meanwhile; try again`);
}

function tooManyLinks(path: string): RuncibleError {
  return new RuncibleError("invalid-argument", `resolve ${path}: too many levels of symbolic links`);
}

type Step =
  | { readonly kind: "entered" }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "missing" | "file"; readonly error: unknown };

async function stepInto(walk: TreeWalk, name: string): Promise<Step> {
  try {
    await walk.enter(name);
    return { kind: "entered" };
  } catch (error) {
    if (hasCode(error, "ENOENT")) return { kind: "missing", error };
    if (!hasCode(error, "ENOTDIR") && !hasCode(error, "ELOOP")) throw error;
    return await readLink(walk, name, error);
  }
}

async function readLink(walk: TreeWalk, name: string, notFolder: unknown): Promise<Step> {
  try {
    return { kind: "link", target: await readlink(walk.folder.at(name)) };
  } catch (error) {
    if (hasCode(error, "EINVAL")) return { kind: "file", error: notFolder };
    if (hasCode(error, "ENOENT")) return { kind: "missing", error };
    throw error;
  }
}
