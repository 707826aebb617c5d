import { lstat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { PassThrough, pipeline, type Readable } from "node:stream";
import { type Pack, pack } from "tar-fs";
import { hasCode, RuncibleError } from "../../internal/errors";
import { resolveInRoot } from "../scoped-path";

/**
 * A path inside a root as tar: `/etc` gives `etc/…`, `/etc/.` gives `./…`, `/` gives `/…`; a link is itself. The reader
 * may destroy the stream at any time. Throws `path-not-found` before anything is streamed.
 */
export async function packPath(root: string, path: string): Promise<Readable> {
  const isContent = path.endsWith("/.") || path === "." || path === "/";
  const inside = await resolveInRoot(root, path, { followLast: isContent || path.endsWith("/") });
  try {
    await lstat(inside);
  } catch (cause) {
    if (!hasCode(cause, "ENOENT") && !hasCode(cause, "ENOTDIR")) throw cause;
    throw new RuncibleError("path-not-found", `read ${path}: there is no such file or folder`, { cause });
  }
  // Sockets cannot be in a tar; everything else is taken as it is.
  const options = { dereference: false, ignore: () => false };
  if (path === "/")
    return readable(pack(inside, { ...options, map: (header) => named(header, `/${trimDot(header.name)}`) }));
  if (isContent) {
    return readable(pack(inside, { ...options, map: (header) => named(header, `./${trimDot(header.name)}`) }));
  }
  const inner = basename(inside);
  const outer = basename(path.replace(/\/+$/, ""));
  return readable(
    pack(dirname(inside), {
      ...options,
      entries: [inner],
      map: (header) => named(header, outer + header.name.slice(inner.length)),
    }),
  );
}

/** The packer's streams are not Node's own; errors and an early end have to cross over. */
function readable(packed: Pack): Readable {
  const through = new PassThrough();
  pipeline(packed, through, () => {});
  return through;
}

function named<H extends { name: string; type?: unknown }>(header: H, name: string): H {
  header.name = header.type === "directory" && !name.endsWith("/") ? `${name}/` : name;
  return header;
}

function trimDot(name: string): string {
  return name === "." ? "" : name.replace(/^\.?\//, "");
}
