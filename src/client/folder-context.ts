import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import type { Readable } from "node:stream";
import { type IgnoreRules, parseIgnoreFile } from "../build/dockerfile/ignore-patterns";
import { hasCode, RuncibleError } from "../internal/errors";
import { packFolder } from "./pack-folder";

export interface FolderContext {
  /** Tar. */
  readonly stream: Readable;
  /** Path of the Dockerfile in it. */
  readonly dockerfile: string;
  /** What is in the Dockerfile. */
  readonly text: string;
}

/**
 * A folder as the context of a build, without what .dockerignore leaves out. `file` is a path of the caller's, also of
 * one outside the folder; default: the folder's `Dockerfile`. Throws `path-not-found`.
 */
export async function openFolderContext(
  folder: string,
  file: string | undefined,
  workingFolder: string,
): Promise<FolderContext> {
  const root = resolve(workingFolder, folder);
  const path = file === undefined ? join(root, "Dockerfile") : resolve(workingFolder, file);
  const dockerfile = relative(root, path);
  const isOutside = dockerfile === ".." || dockerfile.startsWith("../");
  const text = await textOf(path);
  if (text === undefined) throw await missing(folder, root, isOutside ? path : dockerfile);
  if (isOutside) return openContextWith(root, text, await textOf(`${path}.dockerignore`));
  return { stream: await packContext(root, dockerfile), dockerfile, text };
}

/**
 * As `openFolderContext`, with a Dockerfile that is no file of the folder. `ignoreText` is in place of the folder's
 * .dockerignore. As with the docker command line, the Dockerfile travels as a file that .dockerignore names.
 */
export async function openContextWith(folder: string, text: string, ignoreText?: string): Promise<FolderContext> {
  // Of its content, so that the same build finds its steps in the cache.
  const dockerfile = `.dockerfile-${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
  const given = ignoreText ?? (await textOf(join(folder, ".dockerignore"))) ?? ".dockerignore";
  const rules = parseIgnoreFile(given);
  const added = new Map([
    [dockerfile, text],
    [".dockerignore", `${given}\n${dockerfile}\n`],
  ]);
  return { stream: packFolder(folder, rules, added), dockerfile, text };
}

async function packContext(root: string, dockerfile: string): Promise<Readable> {
  const rules = await rulesOf(root, dockerfile);
  const always = new Set([dockerfile, ".dockerignore", `${dockerfile}.dockerignore`]);
  // A Dockerfile that is left out may lie in a folder that is.
  const { hasExceptions } = rules;
  const isDockerfileBelow = dockerfile.includes("/");
  const ignores = (name: string): boolean => !always.has(name) && rules.ignores(name);
  return packFolder(root, { ignores, hasExceptions: hasExceptions || isDockerfileBelow });
}

async function rulesOf(root: string, dockerfile: string): Promise<IgnoreRules> {
  const own = await textOf(join(root, `${dockerfile}.dockerignore`));
  return parseIgnoreFile(own ?? (await textOf(join(root, ".dockerignore"))) ?? "");
}

async function missing(folder: string, root: string, dockerfile: string): Promise<RuncibleError> {
  const found = await stat(root).catch(() => undefined);
  if (found === undefined) {
    return new RuncibleError("path-not-found", `build ${folder}: there is no such folder; name one that is there`);
  }
  if (!found.isDirectory()) {
    return new RuncibleError("path-not-found", `build ${folder}: it is no folder; name the one that it is in`);
  }
  return new RuncibleError(
    "path-not-found",
    `build ${folder}: there is no ${dockerfile}; name the Dockerfile that there is`,
  );
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}
