import { openCgroup } from "./cgroup";
import { openPlainGroup } from "./plain-group";
import type { ProcessGroup } from "./process-group";
import type { Runc } from "./runc";

export interface GroupRequest {
  readonly id: string;
  /** Of the container's first process. */
  readonly pid: number;
  /** Undefined: it has none. */
  readonly cgroupPath: string | undefined;
}

/** The processes of a container that has just started. */
export interface ContainerGroup extends ProcessGroup {
  /** Stops every process where it is. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

export async function openGroup(runc: Runc, { id, pid, cgroupPath }: GroupRequest): Promise<ContainerGroup> {
  if (cgroupPath === undefined) return await openPlainGroup(pid);
  return { ...openCgroup(cgroupPath), pause: () => runc.pause(id), resume: () => runc.resume(id) };
}
