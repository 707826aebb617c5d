import { readFileSync, type Stats, statSync } from "node:fs";
import { hasCode, RuncibleError } from "../internal/errors";
import { ownIdentity } from "./id-maps";

/** `permission-denied` for a socket that this user may not open, with what lets them; undefined: that was not it. */
export function socketDenied(path: string, cause: unknown): RuncibleError | undefined {
  if (!hasCode(cause, "EACCES") && !hasCode(cause, "EPERM")) return undefined;
  const message = `connect to unix://${path}: permission denied: ${adviceOn(path)}`;
  return new RuncibleError("permission-denied", message, { cause });
}

function adviceOn(path: string): string {
  const stat = statOf(path);
  if (stat === undefined)
    return "a folder above it is closed to this user; run this as its owner, or choose another daemon";
  const owner = `its owner (${nameIn("/etc/passwd", stat.uid) ?? `user ${stat.uid}`})`;
  if ((stat.mode & 0o002) !== 0)
    return "its mode lets this user, so a security module does not (SELinux, AppArmor); the kernel's log says which rule";
  // Nobody is to become a member of root's group for it.
  if ((stat.mode & 0o020) === 0 || stat.gid === 0)
    return `it is for ${owner} alone; run this as that user, or choose another daemon`;
  const group = nameIn("/etc/group", stat.gid);
  const { name } = ownIdentity();
  const start = `it is for ${owner} and group ${group ?? stat.gid}`;
  if (group !== undefined && name !== undefined)
    return `${start}; run: sudo usermod -aG ${group} ${name}, and log in again`;
  return `${start}; run this with that group (in a container: --group-add ${stat.gid})`;
}

/** Undefined: this user may not even see it. */
function statOf(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch {
    return undefined;
  }
}

/** Of a list of users or groups, whose lines are `name:password:id:…`. */
function nameIn(list: string, id: number): string | undefined {
  try {
    const lines = readFileSync(list, "utf8").split("\n");
    return lines.map((line) => line.split(":")).find(([, , number]) => number === String(id))?.[0];
  } catch {
    return undefined;
  }
}
