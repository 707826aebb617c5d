import { mkdir, mkdtemp, readFile, rm, statfs, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import type { RootfsDriver } from "./rootfs";

/** Magic number of statfs(2). */
const overlayType = 0x794c7630;

/**
 * Tries a driver out in a folder, with what containers do; undefined: it works there, else why it does not. Throws
 * `timeout` when it does not come to an end, which is no answer: what another driver wrote, this one could not read.
 */
export async function probeDriver(driver: RootfsDriver, parent: string): Promise<string | undefined> {
  await mkdir(parent, { recursive: true, mode: 0o700 });
  const folder = await mkdtemp(join(parent, "probe-"));
  const layer = join(folder, "layers", "0".repeat(64), "diff");
  const request = { layers: [layer], folder: join(folder, "root") };
  try {
    await mkdir(join(layer, "folder"), { recursive: true });
    await writeFile(join(layer, "folder", "file"), "");
    const { path } = await driver.mount(request);
    try {
      await writeInto(join(path, "folder"));
      for await (const _ of driver.changes(request)) {
        // That they can all be told is what counts.
      }
    } finally {
      await driver.unmount(request.folder);
    }
    return undefined;
  } catch (error) {
    if (hasCode(error, "timeout")) throw unanswered(driver, parent, error);
    const isOnOverlay = driver.name === "overlay" && (await statfs(folder)).type === overlayType;
    return isOnOverlay ? "it is on an overlay already, and overlays do not nest" : reasonOf(error);
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

function unanswered({ name }: RootfsDriver, folder: string, cause: unknown): RuncibleError {
  const remedy = "try again when the machine is less busy, or see whether its disk answers";
  const message = `try ${name} in ${folder}: ${messageOf(cause)}; ${remedy}; RUNCIBLE_ROOTFS chooses another way`;
  return new RuncibleError("timeout", message, { cause });
}

/** A folder that replaces another needs a mark, which not every file system takes. */
async function writeInto(folder: string): Promise<void> {
  await rm(folder, { recursive: true });
  await mkdir(folder);
  await writeFile(join(folder, "other"), "written");
  if ((await readFile(join(folder, "other"), "utf8")) !== "written") {
    throw new RuncibleError("internal", `try a root in ${dirname(folder)}: it does not keep what is written`);
  }
}

/** Of mount(8) the line that says what is wrong; it gives general advice after it. */
function reasonOf(error: unknown): string {
  const stderr =
    error instanceof RuncibleError && typeof error.evidence["stderr"] === "string" ? error.evidence["stderr"] : "";
  const line = stderr
    .split("\n")
    .find((text) => text.trim() !== "" && !/dmesg\(1\)|^unknown argument ignored/.test(text));
  return (line ?? messageOf(error)).trim();
}
