import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Mount } from "../../runtime/mount";

/** Static programs that are made to be process 1 of a container: they reap, and hand signals on. */
const names = ["docker-init", "tini-static", "catatonit"];
const folders = "/usr/bin /usr/local/bin /bin /usr/sbin /usr/local/sbin /usr/libexec/docker /usr/libexec/podman".split(
  " ",
);

/** Where Docker puts it. */
export const initTarget = "/sbin/docker-init";

/** The init program of this machine; undefined when none is installed. */
export function findInitProgram(): string | undefined {
  return folders.flatMap((folder) => names.map((name) => join(folder, name))).find((path) => existsSync(path));
}

/** The command behind an init, and the mount that brings it; as they are when the machine has none. */
export function behindInit(
  command: readonly string[],
  mounts: readonly Mount[],
): { readonly command: readonly string[]; readonly mounts: readonly Mount[] } {
  const program = findInitProgram();
  if (program === undefined) return { command, mounts };
  const mount = { type: "bind", source: program, target: initTarget, options: ["bind", "ro", "rprivate"] };
  return { command: [initTarget, "--", ...command], mounts: [...mounts, mount] };
}
