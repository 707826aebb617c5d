import { constants, type Stats } from "node:fs";
import { chmod, lstat, mkdir, open, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { hasCode, messageOf, RuncibleError } from "../internal/errors";
import { shellQuote } from "../internal/shell-quote";

export interface EngineFolders {
  readonly stateFolder: string;
  readonly socketPath: string;
}

/** Makes the folders, for this user alone. Throws `permission-denied` when one belongs to somebody else. */
export async function prepareEngineFolders({ stateFolder, socketPath }: EngineFolders, uid: number): Promise<void> {
  await makeFolder(stateFolder);
  await closeFolder(stateFolder, uid);
  await makeFolder(dirname(socketPath));
  await checkSocketFolder(socketPath, uid);
}

/** Closes a state folder that is fresh, as a tmpfs is that was mounted for it; anything else is left as it is. */
export async function closeFreshFolder(folder: string, uid: number): Promise<void> {
  const stat = await lstat(folder).catch(() => undefined);
  if (!stat?.isDirectory() || stat.uid !== uid || (await isInUse(folder))) return;
  await chmod(folder, 0o700);
  if (!(await isInUse(folder))) return;
  // Somebody was quicker than that: whatever is in it now is judged as it would have been before.
  await chmod(folder, stat.mode & 0o7777);
}

async function isInUse(folder: string): Promise<boolean> {
  return (await readdir(folder)).some((name) => name !== "lost+found");
}

/**
 * A state folder that somebody made beforehand may be open to others, who could then run the set-user-id programs of
 * the images in it. It is closed to them, unless it holds what is not ours: the folder may have been named by mistake.
 */
async function closeFolder(folder: string, uid: number): Promise<void> {
  const stat = await lstat(folder);
  const trouble = notOwnFolder(stat, uid);
  if (trouble !== undefined) throw notUsable(folder, trouble);
  if ((stat.mode & 0o077) === 0) return;
  const names = (await readdir(folder)).filter((name) => name !== "lost+found");
  const isOurs = names.length === 0 || names.includes("engine.lock") || names.includes("engine-id");
  if (!isOurs) {
    throw new RuncibleError(
      "permission-denied",
      `use ${folder}: others may read it, and it holds other things; name an empty folder with RUNCIBLE_STATE_DIR`,
    );
  }
  await chmod(folder, 0o700);
}

/** Whoever can replace the socket could give us any answer. A folder that does not exist is fine. */
export async function checkSocketFolder(socketPath: string, uid: number): Promise<void> {
  const folder = dirname(socketPath);
  const stat = await lstat(folder).catch((error: unknown) => {
    if (hasCode(error, "ENOENT")) return undefined;
    throw accessDenied(folder, error);
  });
  if (stat === undefined) return;
  const trouble = notOwnFolder(stat, uid) ?? openToOthers(stat, folder);
  if (trouble !== undefined) throw notUsable(folder, trouble);
}

/** What it is, and what is to be done about it; undefined: a folder of this user. */
function notOwnFolder(stat: Stats, uid: number): string | undefined {
  if (stat.isSymbolicLink()) return "it is a link; name the folder that it leads to";
  if (!stat.isDirectory()) return "it is no folder; remove it, or choose a folder";
  if (stat.uid === uid) return undefined;
  return `it belongs to user ${stat.uid}, and this is user ${uid}; run this as that user, or choose a folder of your own`;
}

function openToOthers({ mode }: Stats, folder: string): string | undefined {
  if ((mode & 0o022) === 0) return undefined;
  return `others may write to it; run: chmod 700 ${shellQuote(folder)}, if all in it is yours, or choose another folder`;
}

function notUsable(folder: string, trouble: string): RuncibleError {
  return new RuncibleError("permission-denied", `use ${folder}: ${trouble} with RUNCIBLE_STATE_DIR`);
}

/** The engine's log, to be appended to, and where it ends now. The caller closes it. */
export async function openEngineLog(
  stateFolder: string,
): Promise<{ readonly fd: number; close(): Promise<void>; size: number }> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND;
  const file = await open(join(stateFolder, "engine.log"), flags, 0o600);
  const { size } = await file.stat();
  return { fd: file.fd, close: () => file.close(), size };
}

/** What was logged since `from`, its last lines. */
export async function lastLogLines(stateFolder: string, from: number, count: number): Promise<string> {
  const file = await open(join(stateFolder, "engine.log"), "r");
  try {
    const { size } = await file.stat();
    const start = Math.max(from, size - 64 * 1024);
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(0, size - start)), 0, size - start, start);
    return buffer.toString("utf8", 0, bytesRead).trimEnd().split("\n").slice(-count).join("\n");
  } finally {
    await file.close();
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw accessDenied(path, error);
  }
}

function accessDenied(path: string, cause: unknown): RuncibleError {
  return new RuncibleError(
    "permission-denied",
    `use ${path}: the state folder cannot be made or read (${messageOf(cause)}); choose another with RUNCIBLE_STATE_DIR`,
    { cause },
  );
}
