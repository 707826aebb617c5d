import { mkdir, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { ownUserNamespace } from "../../internal/user-namespace";
import { ownLayerForm } from "../layer/own-form";
import { changesIn } from "./changes";
import { lowerFolders } from "./lower-folders";
import { isMountPoint, mountFilesystem, unmount } from "./mount-tool";
import type { RootfsDriver } from "./rootfs";

/** The kernel takes one page of options. */
const optionsLimit = 4000;

/**
 * overlayfs. `volatile` leaves out every sync: a container's root need not survive a crash of the machine, and
 * unmounting it then costs nothing however much was written.
 */
export const overlayDriver: RootfsDriver = {
  name: "overlay",
  form: ownLayerForm(),

  async mount({ layers, folder }) {
    const path = join(folder, "merged");
    // Side by side: each takes the file system next to no time, and a thread longer to come to it.
    const [isMounted, { cwd, lowerdir }, [newFolder]] = await Promise.all([
      isMountPoint(path),
      lowerFolders({ layers, folder }),
      Promise.all(["work", "upper", "merged"].map((name) => mkdir(join(folder, name), { recursive: true }))),
    ]);
    if (isMounted) return { path };
    // Without this the kernel refuses an upper folder that was mounted volatile before.
    if (newFolder === undefined) await rm(join(folder, "work", "work", "incompat"), { recursive: true, force: true });
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

  changes: ({ layers, folder }) => changesIn(join(folder, "upper"), layers, "devices"),

  written: async ({ folder }, use) => await use(join(folder, "upper")),
};
