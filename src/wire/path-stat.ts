import { RuncibleError } from "../internal/errors";

/** What the X-Docker-Container-Path-Stat header says of a path. */
export interface PathStat {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly kind: "file" | "directory" | "symlink" | "other";
  /** Permission bits with setuid, setgid and sticky, as in `stat.st_mode & 0o7777`. */
  readonly permissions: number;
  /** RFC 3339. */
  readonly modifiedAt: string;
  /** Empty unless a symlink. */
  readonly linkTarget: string;
}

/** Go's FileMode has its own bits above the nine permission bits. */
const goModeBits = {
  directory: 0x8000_0000,
  symlink: 0x0800_0000,
  other: 0x0008_0000,
  file: 0,
} as const;
const goSetuid = 0x0080_0000;
const goSetgid = 0x0040_0000;
const goSticky = 0x0010_0000;

export function encodePathStat(stat: PathStat): string {
  const { name, size, modifiedAt, linkTarget } = stat;
  const json = { name, size, mode: goModeOf(stat), mtime: modifiedAt, linkTarget };
  return Buffer.from(JSON.stringify(json)).toString("base64");
}

/** Throws `api-error`. */
export function decodePathStat(header: string): PathStat {
  try {
    const json = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
    const mode = Number(json.mode);
    return {
      name: String(json.name),
      size: Number(json.size),
      kind: kindOf(mode),
      permissions: permissionsOf(mode),
      modifiedAt: String(json.mtime),
      linkTarget: String(json.linkTarget ?? ""),
    };
  } catch (cause) {
    throw new RuncibleError("api-error", "read path stat: the header is no base64 JSON", { cause });
  }
}

function goModeOf({ kind, permissions }: PathStat): number {
  let mode = goModeBits[kind] + (permissions & 0o777);
  if (permissions & 0o4000) mode += goSetuid;
  if (permissions & 0o2000) mode += goSetgid;
  if (permissions & 0o1000) mode += goSticky;
  return mode;
}

function kindOf(mode: number): PathStat["kind"] {
  if (hasBit(mode, goModeBits.directory)) return "directory";
  if (hasBit(mode, goModeBits.symlink)) return "symlink";
  return hasBit(mode, goModeBits.other) ? "other" : "file";
}

function permissionsOf(mode: number): number {
  return (
    (mode & 0o777) |
    (hasBit(mode, goSetuid) ? 0o4000 : 0) |
    (hasBit(mode, goSetgid) ? 0o2000 : 0) |
    (hasBit(mode, goSticky) ? 0o1000 : 0)
  );
}

/** The directory bit is the sign bit of JavaScript's 32-bit operators. */
function hasBit(mode: number, bit: number): boolean {
  return Math.floor(mode / bit) % 2 === 1;
}
