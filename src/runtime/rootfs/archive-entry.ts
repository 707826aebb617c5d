import type { Header } from "tar-stream";
import { hasCode, isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import { ownUserNamespace } from "../../internal/user-namespace";
import { diskError } from "../image/disk-error";
import type { ProgramScan } from "../layer/program-scan";

export interface WriteOptions {
  /** A folder is never replaced by something else, nor the other way round. */
  readonly noOverwriteDirNonDir: boolean;
  /** Owner of everything written; absent: as the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** Is shown every file. Default: nobody looks. */
  readonly programs?: ProgramScan;
}

/** An entry of an archive that is being read, with its data. */
export interface ArchiveEntry extends AsyncIterable<unknown> {
  readonly header: Header;
  /** Reads past data that nobody wants. */
  resume(): unknown;
}

/** As the archive says, unless the options do. */
export function ownerOf(header: Header, { owner }: WriteOptions): { readonly uid: number; readonly gid: number } {
  // A user without a range of ids can give files to nobody else.
  if (ownUserNamespace().hasOneId) return { uid: 0, gid: 0 };
  const { uid = header.uid, gid = header.gid } = paxOf(header);
  return owner ?? { uid: Number(uid), gid: Number(gid) };
}

export function modeOf({ mode }: Header): number {
  return mode & 0o7777;
}

export function timeOf(header: Header): Date {
  const seconds = Number(paxOf(header)["mtime"]);
  return Number.isNaN(seconds) ? header.mtime : new Date(seconds * 1000);
}

/** What did not fit into the header: large numbers, parts of seconds. The parser leaves it as text. */
function paxOf({ pax }: Header): { readonly [key in "uid" | "gid" | "mtime"]?: string } {
  return pax ?? {};
}

/** Errors of the file system with the name of the entry: the path of a handle means nothing to a reader. */
export function failureOf(name: string, error: unknown): unknown {
  if (isRuncibleError(error) || !(error instanceof Error) || !("syscall" in error)) return error;
  const step = `write ${name}`;
  if (hasCode(error, "EROFS"))
    return new RuncibleError("permission-denied", `${step}: it is read-only`, { cause: error });
  const known = diskError(step, error);
  if (known !== error) return known;
  const reason = messageOf(error).replace(/, \w+ '\/proc\/self\/fd\/.*$/s, "");
  return new RuncibleError("invalid-argument", `Error processing tar file: ${step}: ${reason}`, { cause: error });
}
