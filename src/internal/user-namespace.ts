import { readFileSync } from "node:fs";

/** A row of `/proc/<pid>/uid_map`: `count` ids from `inside` on are those from `outside` on in the namespace above. */
export interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** What the user namespace of this process allows. */
export interface UserNamespace {
  /** The machine's own: root in it is root. */
  readonly isInitial: boolean;
  /** The highest group there is in it. */
  readonly lastGid: number;
  /** Files can have one owner only: the user has no range of further ids. */
  readonly hasOneId: boolean;
}

/** Settings of groups in the kernel end here. */
const highestGid = 2 ** 31 - 1;

let own: UserNamespace | undefined;

/** Read once: a process cannot change it. */
export function ownUserNamespace(): UserNamespace {
  own ??= describeUserNamespace(readFileSync("/proc/self/uid_map", "utf8"), readFileSync("/proc/self/gid_map", "utf8"));
  return own;
}

/** Pure. */
export function describeUserNamespace(uidMap: string, gidMap: string): UserNamespace {
  const uids = parseIdMap(uidMap);
  const [first] = uids;
  const lastGid = Math.max(0, ...parseIdMap(gidMap).map(({ inside, count }) => inside + count - 1));
  return {
    isInitial: uids.length === 1 && first?.inside === 0 && first.outside === 0 && first.count === 2 ** 32 - 1,
    lastGid: Math.min(lastGid, highestGid),
    hasOneId: uids.reduce((sum, { count }) => sum + count, 0) === 1,
  };
}

/** user_namespaces(7). */
export function parseIdMap(text: string): readonly IdRange[] {
  return text.split("\n").flatMap((line) => {
    const [inside, outside, count] = line.trim().split(/\s+/).map(Number);
    return inside === undefined || outside === undefined || count === undefined ? [] : [{ inside, outside, count }];
  });
}
