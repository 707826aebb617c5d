import { readFile } from "node:fs/promises";
import { hasCode, RuncibleError } from "../../internal/errors";
import { parseMountInfo } from "../../internal/mount-info";
import { perform, performUnchecked } from "../../internal/perform";

/**
 * The new mount interface limits one option string to 256 bytes, which the lower folders of an overlay exceed; the
 * classic mount(2) takes a page of them. util-linux offers this switch, and ignores it where it is too old to need it.
 */
const environment = { LIBMOUNT_FORCE_MOUNT2: "always", PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };

/**
 * An emulated processor or a disk that has much to write takes long, and a mount that is not waited for comes all the
 * same. Less than what a client waits for an engine to come up.
 */
export const mountLimitMs = 240_000;

const options = { env: environment, timeoutMs: mountLimitMs };

/** Throws `timeout` after four minutes. */
export async function mountFilesystem(request: {
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly options: readonly string[];
  /** Relative paths in the options start here. */
  readonly cwd?: string;
}): Promise<void> {
  const { type, source, target, cwd } = request;
  const args = ["-t", type, "-o", request.options.join(","), source, target];
  await perform("mount", args, { ...options, ...(cwd === undefined ? {} : { cwd }) });
}

/** `source` is taken as it is: looking up a path below /proc/<pid>/fd first would lose the very file it stands for. */
export async function bindMount(source: string, target: string): Promise<void> {
  await perform("mount", ["--no-canonicalize", "--bind", source, target], options);
}

/** Idempotent: what is not mounted is fine. A mount that is busy is detached and goes when its last user does. */
export async function unmount(target: string): Promise<void> {
  const { exitCode, stderr } = await performUnchecked("umount", [target], options);
  if (exitCode === 0 || !(await isMountPoint(target))) return;
  const lazy = await performUnchecked("umount", ["--lazy", target], options);
  if (lazy.exitCode !== 0 && (await isMountPoint(target))) {
    throw new RuncibleError("command-failed", `unmount ${target}: ${(lazy.stderr || stderr).trim()}`);
  }
}

export async function isMountPoint(path: string): Promise<boolean> {
  try {
    const mounts = parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
    return mounts.some(({ target }) => target === path);
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
