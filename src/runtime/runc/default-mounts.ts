import type { Mount } from "../mount";

export interface DefaultMountRequest {
  readonly isPrivileged: boolean;
  /** `host` shares the host's shared memory. */
  readonly ipcMode: string;
  readonly networkNamespace: string;
  readonly shmSizeBytes?: number;
}

const defaultShmBytes = 64 * 1024 * 1024;

/** What every Linux program expects to find; the same as Docker's. */
export function defaultMounts(request: DefaultMountRequest): readonly Mount[] {
  const { isPrivileged, ipcMode, shmSizeBytes = defaultShmBytes } = request;
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
    mount("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
    ipcMode === "host"
      ? mount("/dev/shm", "bind", "/dev/shm", ["rbind", "nosuid", "noexec", "nodev"])
      : mount("/dev/shm", "tmpfs", "shm", [...locked, "mode=1777", `size=${shmSizeBytes}`]),
    ipcMode === "host"
      ? mount("/dev/mqueue", "bind", "/dev/mqueue", ["rbind", ...locked])
      : mount("/dev/mqueue", "mqueue", "mqueue", locked),
    mount("/sys", "sysfs", "sysfs", [...locked, system]),
    mount("/sys/fs/cgroup", "cgroup", "cgroup", [...locked, "relatime", system]),
  ];
}
