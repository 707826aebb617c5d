import { mkdir, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, RuncibleError } from "../../internal/errors";
import { perform } from "../../internal/perform";
import { ownLayerForm } from "../layer/own-form";
import { changesIn } from "./changes";
import { lowerFolders } from "./lower-folders";
import { isMountPoint, mountLimitMs, unmount } from "./mount-tool";
import type { RootfsDriver } from "./rootfs";

/**
 * fuse-overlayfs: an overlay by a program, one for each root, which works where the kernel's refuses, on an overlay
 * above all. The program ends when its root is unmounted. Deletions in layers are names, as an overlay takes no marks
 * of one.
 */
export const fuseDriver: RootfsDriver = {
  name: "fuse-overlayfs",
  form: { ...ownLayerForm(), whiteouts: "names" },

  async mount({ layers, folder }) {
    const path = join(folder, "merged");
    if (await isMountPoint(path)) return { path };
    // Only the program's own, of a mount that is gone.
    await rm(join(folder, "work"), { recursive: true, force: true });
    await Promise.all(["upper", "work", "merged"].map((name) => mkdir(join(folder, name), { recursive: true })));
    const { cwd, lowerdir } = await lowerFolders({ layers, folder });
    const [upper, work] = ["upper", "work"].map((name) => join(folder, name));
    const options = `lowerdir=${lowerdir},upperdir=${upper},workdir=${work},volatile`;
    try {
      await perform("fuse-overlayfs", ["-o", options, path], { cwd, timeoutMs: mountLimitMs });
    } catch (error) {
      throw await explained(error);
    }
    return { path };
  },

  unmount: (folder) => unmount(join(folder, "merged")),

  changes: ({ layers, folder }) => changesIn(join(folder, "upper"), layers, "names"),

  async written({ folder }, use) {
    const path = join(folder, "merged");
    // What a program has open may be in the kernel's memory only, above the file system that would tell the upper
    // folder.
    if (await isMountPoint(path)) await perform("sync", ["--file-system", path]);
    return await use(join(folder, "upper"));
  },
};

const device = "/dev/fuse";

/** What the program says of a device that it lacks tells nobody what to do. */
async function explained(cause: unknown): Promise<unknown> {
  try {
    await (await open(device, "r+")).close();
    return cause;
  } catch (error) {
    const what = hasCode(error, "ENOENT") ? `there is no ${device}` : `${device} may not be used`;
    return new RuncibleError("capability-missing", `${what} (in a container of Docker: --device ${device})`, { cause });
  }
}
