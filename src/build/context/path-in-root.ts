import { readlink } from "node:fs/promises";
import { posix } from "node:path";
import { hasCode, RuncibleError } from "../../internal/errors";

/** As the kernel's own limit (ELOOP). */
const linkLimit = 40;

/**
 * The host path of `path` inside `root`, every symbolic link resolved as if `root` were `/`: no link, however hostile,
 * leads outside. Missing parts are kept as they are. Only for a tree in which nothing runs, as that of a step between
 * two commands; where others write meanwhile, walk it (`runtime/tree`). Throws `invalid-argument` on a loop of links.
 */
export async function resolveInRoot(
  root: string,
  path: string,
  options: { readonly followLast: boolean },
): Promise<string> {
  const pending = partsOf(path);
  const done: string[] = [];
  let links = 0;
  for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
    if (part === "..") {
      done.pop();
      continue;
    }
    const isLast = pending.length === 0;
    const target = isLast && !options.followLast ? undefined : await linkTarget(posix.join(root, ...done, part));
    if (target === undefined) {
      done.push(part);
      continue;
    }
    links += 1;
    if (links > linkLimit) {
      throw new RuncibleError("invalid-argument", `resolve ${path}: too many levels of symbolic links`);
    }
    if (target.startsWith("/")) done.length = 0;
    pending.unshift(...partsOf(target));
  }
  return posix.join(root, ...done);
}

function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (hasCode(error, "EINVAL") || hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}
