import { createWriteStream, type Stats } from "node:fs";
import { chmod, lchown, link, lstat, lutimes, mkdir, rm, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { exitOf, spawnTool } from "../../internal/exec";
import { resolveInRoot } from "../scoped-path";

export interface UnpackIntoOptions {
  /** A folder is never replaced by something else, nor the other way round. */
  readonly noOverwriteDirNonDir: boolean;
  /** Owner of everything written; absent: as the archive says. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly signal: AbortSignal;
}

/**
 * Unpacks an archive into a folder inside a root. Whatever names and links the archive or the root hold, nothing outside
 * the root is touched. Throws `path-not-found`, `invalid-argument`.
 */
export async function unpackInto(
  root: string,
  path: string,
  archive: Readable,
  options: UnpackIntoOptions,
): Promise<void> {
  // The archive may fail before anybody reads it; reading it then says so.
  archive.on("error", () => {});
  const target = await resolveInRoot(root, path, { followLast: true });
  // Links inside are resolved already; the root itself may be one, as /proc/<pid>/root is.
  const stat = (await statOrNothing(`${target.replace(/\/$/, "")}/.`)) ?? (await statOrNothing(target));
  if (stat === undefined) throw new RuncibleError("path-not-found", `write into ${path}: there is no such folder`);
  if (!stat.isDirectory()) throw new RuncibleError("invalid-argument", "extraction point is not a directory");
  const base = `/${target.slice(root.length)}`;
  const folders: { readonly path: string; readonly header: Header }[] = [];
  const tar = extract();
  const reading = pipeline(await plainTar(archive), tar, { signal: options.signal });
  reading.catch(() => {});
  try {
    for await (const entry of tar) {
      await writeEntry({ root, base, header: entry.header, data: Readable.from(entry), options, folders });
    }
    await reading;
  } catch (error) {
    if (error instanceof RuncibleError) throw error;
    if (options.signal.aborted) throw new RuncibleError("aborted", `write into ${path}: cancelled`, { cause: error });
    throw new RuncibleError("invalid-argument", `Error processing tar file: ${messageOf(error)}`, { cause: error });
  }
  // Last, because every file written into a folder changes its time.
  for (const { path: folder, header } of folders.reverse()) await applyTimes(folder, header);
}

interface EntryJob {
  readonly root: string;
  /** The target folder, seen from the root. */
  readonly base: string;
  readonly header: Header;
  readonly data: Readable;
  readonly options: UnpackIntoOptions;
  readonly folders: { readonly path: string; readonly header: Header }[];
}

async function writeEntry({ root, base, header, data, options, folders }: EntryJob): Promise<void> {
  const path = await insidePath(root, base, header.name);
  if (path === undefined) {
    data.resume();
    return;
  }
  await makeRoom(path, header, options);
  switch (header.type) {
    case "directory":
      await mkdir(path, { recursive: true });
      folders.push({ path, header });
      break;
    case "symlink":
      await symlink(header.linkname ?? "", path);
      break;
    case "link":
      await link(await resolveInRoot(root, join(base, header.linkname ?? ""), { followLast: false }), path);
      data.resume();
      return;
    case "file":
    case "contiguous-file":
      await pipeline(data, createWriteStream(path, { flags: "wx", mode: 0o600 }));
      break;
    default:
      // Devices and pipes are not made by copying: who needs one asks for it at creation.
      data.resume();
      return;
  }
  data.resume();
  const { uid = header.uid ?? 0, gid = header.gid ?? 0 } = options.owner ?? {};
  await lchown(path, uid, gid);
  if (header.type !== "symlink") await chmod(path, (header.mode ?? 0o644) & 0o7777);
  if (header.type !== "directory") await applyTimes(path, header);
}

/** Parents are followed inside the root and made where they lack; the entry itself is not followed. */
async function insidePath(root: string, base: string, name: string): Promise<string | undefined> {
  const path = await resolveInRoot(root, join(base, join("/", name)), { followLast: false });
  if (path === root || path === join(root, base)) return undefined;
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  return path;
}

async function makeRoom(path: string, header: Header, options: UnpackIntoOptions): Promise<void> {
  const existing = await statOrNothing(path);
  if (existing === undefined) return;
  const isFolder = header.type === "directory";
  if (existing.isDirectory() && isFolder) return;
  if (options.noOverwriteDirNonDir && existing.isDirectory() !== isFolder) {
    const [from, to] = isFolder ? ["directory", "non-directory"] : ["non-directory", "directory"];
    throw new RuncibleError("invalid-argument", `cannot overwrite ${to} "${header.name}" with ${from}`);
  }
  await rm(path, { recursive: true, force: true });
}

async function applyTimes(path: string, { mtime }: Header): Promise<void> {
  const time = mtime ?? new Date();
  await lutimes(path, time, time);
}

async function statOrNothing(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Docker takes compressed archives too; the first bytes tell. */
async function plainTar(archive: Readable): Promise<Readable> {
  const start = await firstBytes(archive);
  if (start === undefined) return archive;
  archive.unshift(start);
  if (start[0] === 0x1f && start[1] === 0x8b) return forwarded(archive, createGunzip());
  const tool = start.subarray(0, 3).toString("latin1") === "BZh" ? "bzip2" : isXz(start) ? "xz" : undefined;
  if (tool === undefined) return archive;
  const child = spawnTool(tool, ["--decompress", "--stdout"], { stdio: ["pipe", "pipe", "ignore"] });
  if (child.stdin === null || child.stdout === null) return archive;
  const ended = exitOf(child, tool).then(({ exitCode }) => {
    if (exitCode !== 0) throw new RuncibleError("invalid-argument", `Error processing tar file: ${tool} failed`);
  });
  ended.catch(() => {});
  pipeline(archive, child.stdin).catch(() => {});
  // The archive is not at its end before the tool says that all was well.
  const checked = new Transform({
    transform: (chunk, _encoding, done) => done(null, chunk),
    flush: (done) => {
      ended.then(() => done(), done);
    },
  });
  return forwarded(child.stdout, checked);
}

/** Errors of the source reach the reader of the result. */
function forwarded(source: Readable, through: Transform): Readable {
  pipeline(source, through).catch(() => {});
  return through;
}

function isXz(start: Buffer): boolean {
  return start.subarray(1, 5).toString("latin1") === "7zXZ";
}

async function firstBytes(stream: Readable): Promise<Buffer | undefined> {
  for (;;) {
    const chunk: unknown = stream.read();
    if (Buffer.isBuffer(chunk)) return chunk;
    if (stream.readableEnded || stream.destroyed) return undefined;
    await new Promise<void>((resolve, reject) => {
      stream.once("readable", resolve);
      stream.once("end", resolve);
      stream.once("close", resolve);
      stream.once("error", reject);
    });
  }
}
