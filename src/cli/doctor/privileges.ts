import { type Finding, type Machine, missing, ok } from "./finding";

/** The engine makes mounts, networks and cgroups of the machine, so far as root only. */
export async function examinePrivileges({ uid }: Machine): Promise<Finding> {
  if (uid === 0) return ok("privileges", "root");
  return missing("privileges", "the engine needs root for now", "run the tests as root or with sudo");
}
