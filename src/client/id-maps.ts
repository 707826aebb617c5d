import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { hasCapabilities } from "../internal/capability-set";
import { parseIdMap } from "../internal/user-namespace";

/** How the ids inside an ordinary user's namespace are those outside. */
export interface IdMaps {
  /** Arguments of newuidmap(1) and newgidmap(1), after the process id: `0 1000 1 1 100000 65536`. */
  readonly uids: string;
  readonly gids: string;
  /** The user has no further ids, so only images whose files have one owner can be unpacked. */
  readonly hasOneId: boolean;
}

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  /** Undefined: the user is in no list of users. */
  readonly name: string | undefined;
}

/**
 * Undefined: this is root with all its rights, and needs none. Root of a container mostly lacks some, and needs a map.
 */
export async function ownIdMaps(): Promise<IdMaps | undefined> {
  const identity = ownIdentity();
  if (identity.uid === 0) {
    const files = ["/proc/self/status", "/proc/self/uid_map", "/proc/self/gid_map"];
    const [status = "", uidMap = "", gidMap = ""] = await Promise.all(files.map((path) => readFile(path, "utf8")));
    return planRootMaps(status, uidMap, gidMap);
  }
  const [uids, gids] = await Promise.all(
    ["/etc/subuid", "/etc/subgid"].map((path) => readFile(path, "utf8").catch(() => "")),
  );
  return planIdMaps(identity, uids ?? "", gids ?? "");
}

export function ownIdentity(): Identity {
  const uid = process.getuid?.() ?? -1;
  return { uid, gid: process.getgid?.() ?? -1, name: nameOf(uid) };
}

/** The user is root inside; the ranges of subuid(5) and subgid(5) follow from 1 on. Pure. */
export function planIdMaps(identity: Identity, subuid: string, subgid: string): IdMaps {
  const uidRanges = rangesOf(identity, subuid);
  const gidRanges = rangesOf(identity, subgid);
  const hasOneId = uidRanges.length === 0 || gidRanges.length === 0;
  return {
    uids: mapOf(identity.uid, hasOneId ? [] : uidRanges),
    gids: mapOf(identity.gid, hasOneId ? [] : gidRanges),
    hasOneId,
  };
}

/**
 * What root needs of a user namespace to be an engine's root, by its `/proc/self/status` and maps: nothing when it may
 * mount and make networks, else one with all ids that it may give away, each the same inside. Pure.
 */
export function planRootMaps(status: string, uidMap: string, gidMap: string): IdMaps | undefined {
  if (hasCapabilities(status, ["SYS_ADMIN", "NET_ADMIN"])) return undefined;
  // The kernel asks for the last one of whoever maps root to root.
  if (!hasCapabilities(status, ["SETUID", "SETGID", "SETFCAP"]))
    return { uids: "0 0 1", gids: "0 0 1", hasOneId: true };
  const uids = sameIds(uidMap);
  return { uids, gids: sameIds(gidMap), hasOneId: uids === "0 0 1" };
}

/** The kernel leaves out the last id of all; half of them is left out, so that no map reads like the machine's own. */
const mostIds = 2 ** 31 - 1;

function sameIds(map: string): string {
  return parseIdMap(map)
    .map(({ inside, count }) => `${inside} ${inside} ${Math.min(count, mostIds)}`)
    .join(" ");
}

/** The command that gives a user ids of its own. */
export function rangeRemedy({ name, uid }: Identity): string {
  return `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${name ?? uid}`;
}

interface Range {
  readonly first: number;
  readonly count: number;
}

/** Lines are `name:first:count`, and the name may be a number. */
function rangesOf({ uid, name }: Identity, text: string): readonly Range[] {
  return text.split("\n").flatMap((line) => {
    const [owner, first, count] = line.trim().split(":");
    const isOwn = owner === String(uid) || (name !== undefined && owner === name);
    if (!isOwn || !/^\d+$/.test(first ?? "") || !/^[1-9]\d*$/.test(count ?? "")) return [];
    return [{ first: Number(first), count: Number(count) }];
  });
}

function mapOf(own: number, ranges: readonly Range[]): string {
  let inside = 1;
  const rows = ranges.map(({ first, count }) => {
    const row = `${inside} ${first} ${count}`;
    inside += count;
    return row;
  });
  return [`0 ${own} 1`, ...rows].join(" ");
}

function nameOf(uid: number): string | undefined {
  try {
    return uid < 0 ? undefined : userInfo().username;
  } catch {
    // libuv knows no name for it.
    return undefined;
  }
}
