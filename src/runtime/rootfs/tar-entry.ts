import type { Stats } from "node:fs";
import { buildPax } from "../layer/pax";
import { buildHeader, type TarHeader } from "../layer/tar-header";

/** The longest name that a ustar header holds. */
const nameBytes = 100;

export interface TarEntry {
  readonly name: string;
  readonly stat: Stats;
  /** Of a symbolic link: where it leads. */
  readonly linkTarget?: string;
  /** Name of an entry before that is the same file. */
  readonly sameAs?: string;
}

/** The header blocks of an entry. Undefined for what tar has no word for (sockets). */
export function encodeEntry({ name, stat, linkTarget, sameAs }: TarEntry): Buffer | undefined {
  const type = sameAs === undefined ? typeOf(stat) : "1";
  if (type === undefined) return undefined;
  const linkName = sameAs ?? linkTarget ?? "";
  const long = [
    ["path", name],
    ["linkpath", linkName],
  ] as const;
  const records = new Map(
    long.filter(([, text]) => Buffer.byteLength(text) > nameBytes).map(([key, text]) => [key, Buffer.from(text)]),
  );
  const header: TarHeader = {
    name,
    linkName,
    type,
    mode: stat.mode,
    uid: stat.uid,
    gid: stat.gid,
    size: type === "0" ? stat.size : 0,
    mtime: stat.mtimeMs / 1000,
    device: deviceOf(stat.rdev),
  };
  return records.size === 0 ? buildHeader(header) : Buffer.concat([buildPax(records), buildHeader(header)]);
}

function typeOf(stat: Stats): string | undefined {
  if (stat.isFile()) return "0";
  if (stat.isSymbolicLink()) return "2";
  if (stat.isCharacterDevice()) return "3";
  if (stat.isBlockDevice()) return "4";
  if (stat.isDirectory()) return "5";
  return stat.isFIFO() ? "6" : undefined;
}

/** The C library's layout of dev_t. */
function deviceOf(rdev: number): { readonly major: number; readonly minor: number } {
  return { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) };
}
