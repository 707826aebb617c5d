import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { RuncibleError } from "../../internal/errors";
import type { OciDevice, OciDeviceRule } from "./oci-spec";

/** A device of the host that a container gets. */
export interface SpecDevice {
  readonly hostPath: string;
  readonly containerPath: string;
  /** Some of `rwm`. */
  readonly permissions: string;
}

/** Throws `invalid-argument` when the host has no such device. */
export function ociDevice({ hostPath, containerPath }: SpecDevice): OciDevice {
  const { type, major, minor, mode, uid, gid } = statDevice(hostPath);
  return { path: containerPath, type, major, minor, fileMode: mode & 0o777, uid, gid };
}

/** Everything is denied first; runc itself then allows null, zero, random, tty and the like. */
export function deviceRules(devices: readonly SpecDevice[], isPrivileged: boolean): readonly OciDeviceRule[] {
  if (isPrivileged) return [{ allow: true, access: "rwm" }];
  return [
    { allow: false, access: "rwm" },
    ...devices.map(({ hostPath, permissions }) => {
      const { type, major, minor } = statDevice(hostPath);
      return { allow: true, type, major, minor, access: permissions };
    }),
  ];
}

/** Folders and files of /dev that every container has its own of. */
const privateNames: ReadonlySet<string> = new Set(["console", "fd", "mqueue", "ptmx", "pts", "shm"]);

/** Every device of the host, for privileged containers. */
export function hostDevices(folder = "/dev"): readonly SpecDevice[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry): readonly SpecDevice[] => {
    const path = join(folder, entry.name);
    if (privateNames.has(entry.name)) return [];
    if (entry.isDirectory()) return hostDevices(path);
    const isDevice = entry.isBlockDevice() || entry.isCharacterDevice();
    return isDevice ? [{ hostPath: path, containerPath: path, permissions: "rwm" }] : [];
  });
}

export interface DeviceStat {
  readonly type: "b" | "c";
  readonly major: number;
  readonly minor: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** `doing` begins the message when there is no such device. Throws `invalid-argument`. */
export function statDevice(
  path: string,
  doing = `error gathering device information while adding custom device "${path}"`,
): DeviceStat {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new RuncibleError("invalid-argument", `${doing}: no such file or directory`);
  }
  if (!(stat.isBlockDevice() || stat.isCharacterDevice())) {
    throw new RuncibleError("invalid-argument", `${doing}: not a device node`);
  }
  const { rdev, mode, uid, gid } = stat;
  // The C library's layout of dev_t.
  const major = (rdev >>> 8) & 0xfff;
  const minor = (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);
  return { type: stat.isBlockDevice() ? "b" : "c", major, minor, mode, uid, gid };
}
