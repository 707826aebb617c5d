import { existsSync } from "node:fs";
import type { UserNamespace } from "../../internal/user-namespace";
import type { Mount } from "../mount";

export interface DefaultMountRequest {
  readonly isPrivileged: boolean;
  /** `host` shares the host's shared memory, `none` has none. */
  readonly ipcMode: string;
  readonly networkNamespace: string;
  readonly shmSizeBytes?: number;
  readonly userNamespace: UserNamespace;
  /** Whether the machine shows its message queues, which not all do. Default: as it is. */
  readonly hasMessageQueues?: boolean;
}

const ttyGid = 5;
const defaultShmBytes = 64 * 1024 * 1024;

/** What every Linux program expects to find; the same as Docker's. */
export function defaultMounts(request: DefaultMountRequest): readonly Mount[] {
  const { isPrivileged, ipcMode, networkNamespace, userNamespace, shmSizeBytes = defaultShmBytes } = request;
  const system = isPrivileged ? "rw" : "ro";
  const locked = ["nosuid", "noexec", "nodev"];
  const mount = (target: string, type: string, source: string, options: readonly string[]): Mount => ({
    target,
    type,
    source,
    options,
  });
  return [
    mount("/proc", "proc", "proc", locked),
    mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
    mount("/dev/pts", "devpts", "devpts", [
      ...["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
      ...(userNamespace.lastGid < ttyGid ? [] : [`gid=${ttyGid}`]),
    ]),
    ...sharedMemory(ipcMode, shmSizeBytes).map(([type, source, options]) =>
      mount("/dev/shm", type, source, [...options, ...locked]),
    ),
    ...messageQueues(request).map(([type, source, options]) =>
      mount("/dev/mqueue", type, source, [...options, ...locked]),
    ),
    // A sysfs shows a network namespace, and is for those who own that.
    networkNamespace === "host" && !userNamespace.isInitial
      ? mount("/sys", "bind", "/sys", ["rbind", ...locked, system])
      : mount("/sys", "sysfs", "sysfs", [...locked, system]),
    mount("/sys/fs/cgroup", "cgroup", "cgroup", [...locked, "relatime", system]),
  ];
}

/** Docker's `none` has no shared memory of files at all. */
function sharedMemory(
  ipcMode: string,
  sizeBytes: number,
): readonly (readonly [type: string, source: string, options: readonly string[]])[] {
  if (ipcMode === "none") return [];
  if (ipcMode === "host") return [["bind", "/dev/shm", ["rbind"]]];
  return [["tmpfs", "shm", ["mode=1777", `size=${sizeBytes}`]]];
}

/** A file system of queues shows those of an IPC namespace, and is for those who own that. */
function messageQueues({
  ipcMode,
  userNamespace,
  hasMessageQueues = existsSync("/dev/mqueue"),
}: DefaultMountRequest): readonly (readonly [type: string, source: string, options: readonly string[]])[] {
  if (ipcMode === "host" && hasMessageQueues) return [["bind", "/dev/mqueue", ["rbind"]]];
  return ipcMode === "host" && !userNamespace.isInitial ? [] : [["mqueue", "mqueue", []]];
}
