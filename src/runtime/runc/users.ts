import { RuncibleError } from "../../internal/errors";
import { readFileIn } from "../tree/read-file";

export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
  /** Of passwd; `/` for a user that is not in it. */
  readonly home: string;
}

interface PasswdEntry {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

interface GroupEntry {
  readonly name: string;
  readonly gid: number;
  readonly members: readonly string[];
}

/** An account file is a few kilobytes; a hostile image must not fill our memory. */
const fileLimit = 4 * 1024 * 1024;

/**
 * Reads `user`, `uid`, `user:group` or `uid:gid` with the image's own passwd and group files. A number that is in
 * neither file is fine. Empty: root. Throws `user-unknown` with Docker's text.
 */
export async function resolveUser(
  rootPath: string,
  text: string,
  extraGroups: readonly string[] = [],
): Promise<ContainerUser> {
  const [passwd, groups] = await Promise.all([
    readLines(rootPath, "/etc/passwd").then((lines) => lines.flatMap(parsePasswd)),
    readLines(rootPath, "/etc/group").then((lines) => lines.flatMap(parseGroup)),
  ]);
  const [userText = "", groupText] = text.split(":", 2);
  const entry = findUser(passwd, userText === "" ? "0" : userText);
  const gid = groupText === undefined || groupText === "" ? entry.gid : findGroup(groups, groupText);
  // An explicit group replaces the ones the user is a member of.
  const memberships = groupText ? [] : groups.filter(({ members }) => members.includes(entry.name));
  const extra = extraGroups.map((group) => findGroup(groups, group));
  // The main group is among them: otherwise a setgid program could get rid of it and of what files deny to it.
  const additionalGids = [...new Set([gid, ...memberships.map((group) => group.gid), ...extra])];
  return { uid: entry.uid, gid, additionalGids, home: entry.home };
}

function findUser(passwd: readonly PasswdEntry[], text: string): PasswdEntry {
  const uid = numberOf(text);
  const entry = passwd.find(({ name }) => name === text) ?? passwd.find((candidate) => candidate.uid === uid);
  if (entry !== undefined) return entry;
  if (uid !== undefined) return { name: "", uid, gid: 0, home: "/" };
  throw new RuncibleError("user-unknown", `unable to find user ${text}: no matching entries in passwd file`);
}

function findGroup(groups: readonly GroupEntry[], text: string): number {
  const gid = numberOf(text);
  const entry = groups.find(({ name }) => name === text);
  if (entry !== undefined) return entry.gid;
  if (gid !== undefined) return gid;
  throw new RuncibleError("user-unknown", `unable to find group ${text}: no matching entries in group file`);
}

function numberOf(text: string): number | undefined {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return value <= 0x7fff_ffff ? value : undefined;
}

function parsePasswd(line: string): readonly PasswdEntry[] {
  const [name = "", , uid = "", gid = "", , home = ""] = line.split(":");
  const numbers = [numberOf(uid), numberOf(gid)];
  const [uidNumber, gidNumber] = numbers;
  if (uidNumber === undefined || gidNumber === undefined) return [];
  return [{ name, uid: uidNumber, gid: gidNumber, home: home === "" ? "/" : home }];
}

function parseGroup(line: string): readonly GroupEntry[] {
  const [name = "", , gid = "", members = ""] = line.split(":");
  const number = numberOf(gid);
  return number === undefined
    ? []
    : [{ name, gid: number, members: members.split(",").filter((member) => member !== "") }];
}

async function readLines(rootPath: string, path: string): Promise<readonly string[]> {
  const content = await readFileIn(rootPath, path, fileLimit);
  return content?.toString("utf8").split("\n") ?? [];
}
