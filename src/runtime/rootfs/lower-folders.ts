import { mkdir, readlink, symlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { RootfsRequest } from "./rootfs";

/** The layers as an overlay is told of them, the upmost first: names that start from a folder they have in common. */
export async function lowerFolders({
  layers,
  folder,
}: RootfsRequest): Promise<{ readonly cwd: string; readonly lowerdir: string }> {
  const lowers = layers.length === 0 ? [await emptyLayer(folder)] : await shortNames(topmostOnce(layers));
  const cwd = dirname(lowers[0] ?? "/");
  const lowerdir = lowers
    .map((layer) => relative(cwd, layer))
    .reverse()
    .join(":");
  return { cwd, lowerdir };
}

/**
 * The kernel refuses a folder that is there twice, and images do have the same layer twice: all that write nothing are
 * one. What the lower one holds, hides or deletes, the upper one does as well.
 */
function topmostOnce(layers: readonly string[]): readonly string[] {
  return layers.filter((layer, index) => layers.lastIndexOf(layer) === index);
}

async function emptyLayer(folder: string): Promise<string> {
  const empty = join(folder, "empty");
  await mkdir(empty, { recursive: true });
  return empty;
}

/**
 * Names of 12 characters beside the layers' own folder, so that more than a hundred of them fit into a page. Kept as
 * links: they are cheap, the same for every container, and mean nothing without their layer.
 */
async function shortNames(layers: readonly string[]): Promise<readonly string[]> {
  return await Promise.all(
    layers.map(async (layer) => {
      const name = basename(dirname(layer));
      const links = join(dirname(dirname(layer)), "l");
      const target = join("..", name, basename(layer));
      const short = join(links, name.slice(0, 12));
      // Mostly an earlier container's.
      if ((await readlink(short).catch(() => undefined)) === target) return short;
      await mkdir(links, { recursive: true });
      await symlink(target, short).catch(ignoreExisting);
      // Another layer may begin alike and have the short name.
      return (await readlink(short)) === target ? short : layer;
    }),
  );
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
}
