import { lstat, readlink } from "node:fs/promises";
import { basename } from "node:path";
import { hasCode, RuncibleError } from "../../internal/errors";
import { resolveInRoot } from "../scoped-path";

export interface RootPathStat {
  readonly name: string;
  readonly size: number;
  readonly kind: "file" | "directory" | "symlink" | "other";
  readonly permissions: number;
  /** RFC 3339. */
  readonly modifiedAt: string;
  /** Empty unless a symbolic link. */
  readonly linkTarget: string;
}

/** Describes a path inside a root; a link is described itself. Throws `path-not-found`. */
export async function statPath(root: string, path: string): Promise<RootPathStat> {
  const inside = await resolveInRoot(root, path, { followLast: path.endsWith("/") || path.endsWith("/.") });
  try {
    const stat = await lstat(inside);
    const kind = stat.isDirectory()
      ? "directory"
      : stat.isFile()
        ? "file"
        : stat.isSymbolicLink()
          ? "symlink"
          : "other";
    return {
      name: basename(path.replace(/\/\.?$/, "")) || "/",
      size: stat.size,
      kind,
      permissions: stat.mode & 0o7777,
      modifiedAt: stat.mtime.toISOString(),
      linkTarget: kind === "symlink" ? await readlink(inside) : "",
    };
  } catch (cause) {
    if (!hasCode(cause, "ENOENT") && !hasCode(cause, "ENOTDIR")) throw cause;
    throw new RuncibleError("path-not-found", `stat ${path}: there is no such file or folder`, { cause });
  }
}
