import { mkdir, readlink, rm, symlink } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { ownUserNamespace } from "../../internal/user-namespace";
import { type Change, changesIn } from "./changes";
import { isMountPoint, mountFilesystem, unmount } from "./mount-tool";

export interface RootfsRequest {
  /** Unpacked layers, lowest first, absolute folders in overlay form. */
  readonly layers: readonly string[];
  /** The container's folder; `upper`, `work` and `merged` are made in it. */
  readonly folder: string;
}

/** Turns layers into a writable root. */
export interface RootfsDriver {
  /** Idempotent. Mounting again after an unmount finds what was written before. Throws `invalid-argument` for too many layers. */
  mount(request: RootfsRequest): Promise<{ readonly path: string }>;
  /** Keeps what was written. Idempotent. */
  unmount(folder: string): Promise<void>;
  /** What was written, against the layers. */
  changes(request: RootfsRequest): Promise<readonly Change[]>;
}

/** The kernel takes one page of options. */
const optionsLimit = 4000;

/**
 * overlayfs. `volatile` leaves out every sync: a container's root need not survive a crash of the machine, and
 * unmounting it then costs nothing however much was written.
 */
export const overlayDriver: RootfsDriver = {
  async mount({ layers, folder }) {
    const path = join(folder, "merged");
    if (await isMountPoint(path)) return { path };
    await Promise.all(["upper", "work", "merged"].map((name) => mkdir(join(folder, name), { recursive: true })));
    // Without this the kernel refuses an upper folder that was mounted volatile before.
    await rm(join(folder, "work", "work", "incompat"), { recursive: true, force: true });
    const lowers = layers.length === 0 ? [await emptyLayer(folder)] : await shortNames(topmostOnce(layers));
    const cwd = commonFolder(lowers);
    const lowerdir = lowers
      .map((layer) => relative(cwd, layer))
      .reverse()
      .join(":");
    const options = [
      `lowerdir=${lowerdir}`,
      `upperdir=${join(folder, "upper")}`,
      `workdir=${join(folder, "work")}`,
      "volatile",
      "index=off",
      "metacopy=off",
      // A renamed folder would otherwise be a reference into the layers, and the upper folder no layer of its own. An
      // ordinary user's mounts cannot have such references, and the kernel refuses to be told so.
      ownUserNamespace().isInitial ? "redirect_dir=off" : "userxattr",
    ];
    if (options.join(",").length > optionsLimit) {
      throw new RuncibleError(
        "invalid-argument",
        `mount root of ${basename(folder)}: ${layers.length} layers are too many`,
      );
    }
    await mountFilesystem({ type: "overlay", source: "overlay", target: path, options, cwd });
    return { path };
  },

  unmount: (folder) => unmount(join(folder, "merged")),

  changes: ({ layers, folder }) => changesIn(join(folder, "upper"), layers),
};

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
      await mkdir(links, { recursive: true });
      const short = join(links, name.slice(0, 12));
      await symlink(target, short).catch(ignoreExisting);
      // Another layer may begin alike and have the short name.
      return (await readlink(short)) === target ? short : layer;
    }),
  );
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
}

function commonFolder(paths: readonly string[]): string {
  return dirname(paths[0] ?? "/");
}
