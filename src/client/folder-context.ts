import { readFile } from "node:fs/promises";
import { isAbsolute, join, relative, resolve } from "node:path";
import type { Readable } from "node:stream";
import { type IgnoreRules, parseIgnoreFile } from "../build/dockerfile/ignore-patterns";
import { hasCode, RuncibleError } from "../internal/errors";
import { randomId } from "../internal/ids";
import { packFolder } from "./pack-folder";

export interface FolderContext {
  /** Tar. */
  readonly stream: Readable;
  /** Path of the Dockerfile in it. */
  readonly dockerfile: string;
}

/**
 * A folder as the context of a build, without what .dockerignore leaves out. `file` is a path of the caller's; default:
 * the folder's `Dockerfile`. Throws `path-not-found`, `invalid-argument` for a Dockerfile outside the folder.
 */
export async function openFolderContext(
  folder: string,
  file: string | undefined,
  workingFolder: string,
): Promise<FolderContext> {
  const root = resolve(workingFolder, folder);
  const dockerfile = file === undefined ? "Dockerfile" : relative(root, resolve(workingFolder, file));
  if (dockerfile.startsWith("..") || isAbsolute(dockerfile)) {
    throw new RuncibleError("invalid-argument", `build ${folder}: the Dockerfile ${file} is not in it; move it there`);
  }
  if ((await textOf(join(root, dockerfile))) === undefined) {
    throw new RuncibleError("path-not-found", `build ${folder}: there is no ${dockerfile}; name it with --file`);
  }
  return { stream: await packContext(root, dockerfile), dockerfile };
}

/** As `openFolderContext`, with a Dockerfile that is no file of the folder. */
export async function openContextWith(folder: string, dockerfileText: string): Promise<FolderContext> {
  const dockerfile = `.dockerfile-${randomId().slice(0, 12)}`;
  return { stream: await packContext(folder, dockerfile, new Map([[dockerfile, dockerfileText]])), dockerfile };
}

async function packContext(
  root: string,
  dockerfile: string,
  added: ReadonlyMap<string, string> = new Map(),
): Promise<Readable> {
  const rules = await rulesOf(root, dockerfile);
  const always = new Set([dockerfile, ".dockerignore", `${dockerfile}.dockerignore`]);
  // A Dockerfile that is left out may lie in a folder that is.
  const { hasExceptions } = rules;
  const isDockerfileBelow = dockerfile.includes("/");
  const ignores = (name: string): boolean => !always.has(name) && rules.ignores(name);
  return packFolder(root, { ignores, hasExceptions: hasExceptions || isDockerfileBelow }, added);
}

async function rulesOf(root: string, dockerfile: string): Promise<IgnoreRules> {
  const own = await textOf(join(root, `${dockerfile}.dockerignore`));
  return parseIgnoreFile(own ?? (await textOf(join(root, ".dockerignore"))) ?? "");
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}
