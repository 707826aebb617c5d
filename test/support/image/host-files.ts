import { copyFile, lstat, mkdir, readdir, readlink, realpath, symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runUnchecked } from "../../../src/internal/exec";

/** Copies a program of this machine, with the libraries that `ldd` names, to the same paths below `root`. */
export async function copyProgram(root: string, program: string): Promise<void> {
  const { stdout } = await runUnchecked("ldd", [program]);
  const libraries = [...stdout.matchAll(/(?:=>\s+|^\s+)(\/\S+)\s+\(0x/gm)].map(([, path = ""]) => path);
  for (const path of [program, ...libraries]) await copyOnce(path, join(root, path));
}

/** Copies a folder of this machine, links as links, to the same path below `root`. */
export async function copyFolder(root: string, folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await copyFolder(root, path);
    else if (entry.isSymbolicLink()) await copyLink(root, path);
    else if (entry.isFile()) await copyOnce(path, join(root, path));
  }
}

async function copyLink(root: string, path: string): Promise<void> {
  // A relative link may point out of the folder that comes along, so the file it means is copied instead.
  const target = await readlink(path);
  const to = join(root, path);
  await mkdir(dirname(to), { recursive: true });
  if (target.startsWith("/")) await copyOnce(await realpath(path), to);
  else await symlink(target, to);
}

async function copyOnce(from: string, to: string): Promise<void> {
  if (await lstat(to).catch(() => undefined)) return;
  await mkdir(dirname(to), { recursive: true });
  await copyFile(await realpath(from), to);
}
