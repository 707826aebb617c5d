import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { RuncibleError } from "../../internal/errors";
import { exitOf, spawnTool } from "../../internal/exec";
import { type Digest, parseDigest } from "../image/digest";
import { diskError } from "../image/disk-error";
import { createDiffFilter, type LayerPiece, opaqueMarker } from "./diff-filter";
import { createProgramScan, type ProgramScan } from "./program-scan";
import { blockBytes } from "./tar-header";

export interface PackRequest {
  /** An overlay's upper folder. */
  readonly upper: string;
  /** The archive to write. */
  readonly file: string;
  /** From the root, without a leading slash: what lies there only because something was mounted on it. */
  readonly exclude?: readonly string[];
  /**
   * Whether what lies below has something at a path, from the root and without a leading slash. A folder that hides it
   * says so; of one that would hide nothing, some kernels and fuse-overlayfs say it too, and it is left out, so that
   * the same steps give the same bytes. Default: always.
   */
  readonly isBelow?: (path: string) => Promise<boolean>;
  /**
   * The folder is written to meanwhile; what changes under tar's hands is taken as tar found it, or left out. Default:
   * false.
   */
  readonly isLive?: boolean;
  readonly signal: AbortSignal;
}

export interface PackedLayer {
  /** Of the archive, which is plain. */
  readonly diffId: Digest;
  readonly has32BitPrograms: boolean;
  /** Nothing changed: an archive without entries. */
  readonly isEmpty: boolean;
  readonly sizeBytes: number;
}

const tarArgs = [
  "--create",
  "--file=-",
  "--format=posix",
  // The process id in the default name, and times that reading changes, would make each run's bytes differ.
  "--pax-option=exthdr.name=PaxHeaders/%f,delete=atime,delete=ctime",
  "--sort=name",
  "--numeric-owner",
  "--xattrs",
  "--xattrs-include=*",
  "--warning=no-file-ignored",
  // The folder is named as a whole: of a name it is given, tar would insist that it is there. A layer's names begin
  // without "./"; the root's own entry is left out by the filter.
  "--transform=flags=rh;s,^\\./,,",
];

/**
 * Packs what an overlay's upper folder changes as a layer. The same folder gives the same bytes. It is not compressed:
 * that takes ten times as long as all the rest, and few images that a test makes are ever pushed. Throws
 * `command-failed`, `disk-full`, `aborted`; the file is then the caller's to remove.
 */
export async function packUpper(request: PackRequest): Promise<PackedLayer> {
  const { upper, file, exclude = [], isBelow = async () => true, isLive = false, signal } = request;
  const excludes = exclude.map((path) => `--exclude=./${escapeGlob(path)}`);
  const live = isLive ? ["--ignore-failed-read"] : [];
  const args = [...tarArgs, ...live, "--anchored", ...excludes, `--directory=${upper}`, "."];
  const tar = spawnTool("tar", args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: toolPath, LC_ALL: "C" },
    signal,
  });
  const ended = exitOf(tar, "tar");
  ended.catch(() => {});
  let stderr = "";
  tar.stderr?.on("data", (chunk: Buffer) => {
    if (stderr.length < 8192) stderr += chunk.toString("utf8");
  });
  const hash = createHash("sha256");
  const scan = createProgramScan();
  let sizeBytes = 0;
  try {
    if (tar.stdout === null) throw new RuncibleError("internal", "pack layer: tar has no output");
    await pipeline(
      Readable.from(
        layerPieces(tar.stdout, { scan, isBelow }, (piece) => {
          hash.update(piece);
          sizeBytes += piece.length;
        }),
      ),
      createWriteStream(file, { mode: 0o600 }),
      { signal },
    );
    const { exitCode } = await ended;
    if (exitCode !== 0 && !(isLive && exitCode === 1)) {
      throw new RuncibleError("command-failed", `pack layer: tar: ${stderr.trim().split("\n")[0] ?? exitCode}`);
    }
  } catch (error) {
    tar.kill("SIGKILL");
    await ended.catch(() => {});
    if (signal.aborted) throw new RuncibleError("aborted", "pack layer: cancelled", { cause: error });
    throw diskError("pack layer", error);
  }
  return {
    diffId: parseDigest(`sha256:${hash.digest("hex")}`),
    has32BitPrograms: scan.has32BitPrograms,
    // Nothing but the two blocks that end every archive.
    isEmpty: sizeBytes === 2 * blockBytes,
    sizeBytes,
  };
}

const toolPath = "/usr/sbin:/usr/bin:/sbin:/bin";

async function* layerPieces(
  tar: Readable,
  { scan, isBelow }: { readonly scan: ProgramScan } & Required<Pick<PackRequest, "isBelow">>,
  onPiece: (piece: Buffer) => void,
): AsyncGenerator<Buffer> {
  const filter = createDiffFilter(scan);
  for await (const chunk of tar) {
    for (const piece of filter.push(chunk)) {
      for (const bytes of await bytesOf(piece, isBelow)) {
        onPiece(bytes);
        yield bytes;
      }
    }
  }
  filter.end();
}

async function bytesOf(piece: LayerPiece, isBelow: (path: string) => Promise<boolean>): Promise<readonly Buffer[]> {
  if (!("path" in piece)) return [piece];
  return (await isBelow(piece.path)) ? opaqueMarker(piece) : [];
}

function escapeGlob(path: string): string {
  return path.replace(/[\\*?[\]]/g, "\\$&");
}
