import { mkdir, readdir, readFile, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { hasCode, RuncibleError } from "../../internal/errors";
import { removeTree } from "../../internal/remove-tree";
import { unpackInto } from "../../runtime/rootfs/unpack-into";
import { openTree } from "../../runtime/tree/open-tree";
import { type IgnoreRules, parseIgnoreFile } from "../dockerfile/ignore-patterns";
import { resolveInRoot } from "./path-in-root";

/** The files that a client sent for a build, without what .dockerignore leaves out. */
export interface BuildContext {
  readonly root: string;
  /** The text of the Dockerfile, which may itself be left out of the files. */
  readonly dockerfile: string;
}

const dockerfileLimit = 4 * 1024 * 1024;

/** Unpacks a context into a new folder. Throws `invalid-argument`, also when there is no Dockerfile of that name. */
export async function openContext(
  root: string,
  archive: Readable,
  options: { readonly dockerfile: string; readonly signal: AbortSignal },
): Promise<BuildContext> {
  await mkdir(root, { recursive: true, mode: 0o755 });
  await using walk = await openTree({ path: root });
  await unpackInto(walk, "/", archive, { noOverwriteDirNonDir: false, signal: options.signal });
  const dockerfile = await readInside(root, options.dockerfile);
  if (dockerfile === undefined) {
    throw new RuncibleError("invalid-argument", `Cannot locate specified Dockerfile: ${options.dockerfile}`);
  }
  const ignoreText =
    (await readInside(root, `${options.dockerfile}.dockerignore`)) ?? (await readInside(root, ".dockerignore"));
  if (ignoreText !== undefined) await removeIgnored(root, parseIgnoreFile(ignoreText), "");
  return { root, dockerfile };
}

async function readInside(root: string, name: string): Promise<string | undefined> {
  try {
    const text = await readFile(await resolveInRoot(root, name, { followLast: true }));
    if (text.length <= dockerfileLimit) return text.toString("utf8");
    throw new RuncibleError("invalid-argument", `read ${name}: it is larger than ${dockerfileLimit} bytes`);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR") || hasCode(error, "EISDIR")) return undefined;
    throw error;
  }
}

/** Clients leave out what .dockerignore names; those that send it nevertheless get the same build. */
async function removeIgnored(root: string, rules: IgnoreRules, folder: string): Promise<void> {
  for (const entry of await readdir(join(root, folder), { withFileTypes: true })) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    const isIgnored = rules.ignores(path);
    if (isIgnored && !(entry.isDirectory() && rules.hasExceptions)) {
      await removeTree(join(root, path));
      continue;
    }
    if (!entry.isDirectory()) continue;
    await removeIgnored(root, rules, path);
    // A folder stays when something in it was brought back.
    if (isIgnored) await rmdir(join(root, path)).catch(() => {});
  }
}
