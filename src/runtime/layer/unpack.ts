import { createHash } from "node:crypto";
import { pipeline, type Readable, type Writable } from "node:stream";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { exitOf, spawnTool } from "../../internal/exec";
import { ownUserNamespace } from "../../internal/user-namespace";
import type { Digest } from "../image/digest";
import { decompressor, type LayerCompression } from "./decompress";
import { createEntryGuard, type LayerLimits } from "./entry-guard";
import { createProgramScan } from "./program-scan";
import { createTarFilter, type LayerForm } from "./tar-filter";

export interface UnpackRequest {
  readonly diffId: Digest;
  readonly compression: LayerCompression;
  /** Compressed bytes; read to its end, or destroyed on failure. */
  readonly source: Readable;
  /** The blob's digest, for error texts. */
  readonly describedAs: string;
  /** Plain bytes so far. */
  readonly onProgress?: (bytes: number) => void;
  readonly signal?: AbortSignal;
}

const tarArgs = [
  "--extract",
  "--file=-",
  "--numeric-owner",
  "--same-owner",
  "--same-permissions",
  "--xattrs",
  "--xattrs-include=*",
  "--delay-directory-restore",
  "--warning=no-timestamp",
  "--warning=no-unknown-keyword",
];

/** What is known of a layer once it has been read. */
export interface UnpackedLayer {
  /** Of the plain archive. */
  readonly sizeBytes: number;
  readonly has32BitPrograms: boolean;
}

export interface UnpackRules {
  readonly limits: LayerLimits;
  readonly form: LayerForm;
}

/**
 * Unpacks a layer into an empty folder, in the form asked for. GNU tar writes the files:
 * five times faster than doing it from JavaScript. Throws `layer-invalid`, `layer-too-large`, `digest-mismatch`,
 * `disk-full`, `aborted`; the folder is then the caller's to remove.
 */
export async function unpackLayer(request: UnpackRequest, folder: string, rules: UnpackRules): Promise<UnpackedLayer> {
  const { describedAs, diffId, source, signal } = request;
  const tar = spawnTool("tar", [...tarArgs, `--directory=${folder}`], {
    stdio: ["pipe", "ignore", "pipe"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" },
  });
  const ended = exitOf(tar, "tar");
  ended.catch(() => {});
  // A broken pipe between two writes is found by the next one.
  tar.stdin?.on("error", () => {});
  // A source that stalls, and a tar that does, would not look at the signal.
  const stop = (): void => {
    source.destroy();
    tar.kill("SIGKILL");
  };
  signal?.addEventListener("abort", stop);
  let stderr = "";
  tar.stderr?.on("data", (chunk: Buffer) => {
    if (stderr.length < 8192) stderr += chunk.toString("utf8");
  });
  try {
    const { digest, ...unpacked } = await feed(request, rules, tar.stdin);
    const { exitCode } = await ended;
    if (exitCode !== 0) throw tarFailed(describedAs, stderr);
    if (digest !== diffId) {
      throw new RuncibleError(
        "digest-mismatch",
        `unpack layer ${describedAs}: its content is ${digest}, not ${diffId}`,
      );
    }
    return unpacked;
  } catch (error) {
    stop();
    await ended.catch(() => {});
    if (signal?.aborted) throw new RuncibleError("aborted", `unpack layer ${describedAs}: cancelled`, { cause: error });
    // tar went away first: what it said is the reason, the broken pipe only the symptom.
    if (hasCode(error, "EPIPE") || hasCode(error, "ERR_STREAM_DESTROYED")) {
      await ended;
      throw tarFailed(describedAs, stderr);
    }
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

async function feed(
  request: UnpackRequest,
  { limits, form }: UnpackRules,
  stdin: Writable | null,
): Promise<UnpackedLayer & { readonly digest: string }> {
  const { source, compression, describedAs, onProgress, signal } = request;
  const scan = createProgramScan();
  const guard = createEntryGuard(describedAs, limits);
  const filter = createTarFilter(describedAs, { guard, form, scan });
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of plainBytes(source, compression, describedAs)) {
    signal?.throwIfAborted();
    hash.update(chunk);
    size += chunk.length;
    for (const piece of filter.push(chunk)) await write(stdin, piece);
    onProgress?.(size);
  }
  for (const piece of filter.end()) await write(stdin, piece);
  stdin?.end();
  const { has32BitPrograms } = scan;
  return { sizeBytes: size, has32BitPrograms, digest: `sha256:${hash.digest("hex")}` };
}

/** Reading stops the source on any way out. */
async function* plainBytes(
  source: Readable,
  compression: LayerCompression,
  describedAs: string,
): AsyncIterable<Buffer> {
  const plain = decompressor(compression);
  if (plain === undefined) {
    yield* source;
    return;
  }
  try {
    // The reader of the last stream sees every error.
    yield* pipeline(source, plain, () => {});
  } catch (error) {
    if (isCompressionError(error)) {
      throw new RuncibleError("layer-invalid", `unpack layer ${describedAs}: ${messageOf(error)}`, { cause: error });
    }
    throw error;
  } finally {
    plain.destroy();
  }
}

function isCompressionError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = "code" in error ? String(error.code) : "";
  return (
    code.startsWith("Z_") || code.startsWith("ZSTD") || code === "ERR_PADDING_AFTER_EOF" || error.name === "ZstdError"
  );
}

async function write(stdin: Writable | null, piece: Buffer): Promise<void> {
  if (stdin === null) return;
  // Not "drain": it never comes when tar ends with bytes still in the pipe.
  await new Promise<void>((resolve, reject) => {
    const hasRoom = stdin.write(piece, (error) => (error ? reject(error) : resolve()));
    if (hasRoom) resolve();
  });
}

function tarFailed(describedAs: string, stderr: string): RuncibleError {
  const reason = stderr.trim().split("\n")[0] ?? "";
  // A disk that fills up within one write makes it a short one.
  if (/no space left on device|disk quota exceeded|wrote only \d+ of \d+ bytes/i.test(stderr)) {
    return new RuncibleError(
      "disk-full",
      `unpack layer ${describedAs}: no space left on device; free some, or set RUNCIBLE_STATE_DIR to another disk`,
    );
  }
  const owner = /Cannot change ownership to (uid \d+, gid \d+): Invalid argument/.exec(stderr)?.[1];
  if (owner !== undefined) {
    return new RuncibleError("capability-missing", `unpack layer ${describedAs}: ${noSuchOwner(owner)}`);
  }
  return new RuncibleError("layer-invalid", `unpack layer ${describedAs}: ${reason}`, { evidence: { stderr } });
}

/** The ids of the machine's root are without end; those of an ordinary user are not. */
function noSuchOwner(owner: string): string {
  const has = ownUserNamespace().hasOneId ? "has no ids besides its own" : "has no range of ids that is large enough";
  return `it has a file of ${owner}, but this user ${has}; run: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 <user>`;
}
