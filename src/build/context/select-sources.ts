import type { Stats } from "node:fs";
import { lstat, readdir } from "node:fs/promises";
import { posix } from "node:path";
import { hasCode, RuncibleError } from "../../internal/errors";
import { globExpression } from "../dockerfile/ignore-patterns";
import { resolveInRoot } from "./path-in-root";

/** A file or folder that a COPY names. */
export interface SelectedSource {
  /** From the root it was looked for in, as named, without a leading slash; empty for the root. */
  readonly name: string;
  /** On this machine, links followed inside the root. */
  readonly path: string;
  readonly stats: Stats;
}

/**
 * What a source of COPY stands for inside a root; `*`, `?` and `[…]` may fit several, or none. Nothing outside the root
 * is ever found, whatever links are in it. Throws `path-not-found`.
 */
export async function selectSources(
  root: string,
  pattern: string,
  told: {
    /** What fails without it: `COPY failed`. */
    readonly step: string;
    /** The root is the context, not that of a stage or an image. */
    readonly isContext: boolean;
  },
): Promise<readonly SelectedSource[]> {
  const clean = posix.join("/", pattern).replace(/\/+$/, "").slice(1);
  if (!/[*?[]/.test(clean)) {
    const source = await sourceAt(root, clean.replace(/\\(.)/g, "$1"));
    if (source !== undefined) return [source];
    const where = told.isContext ? "file not found in build context or excluded by .dockerignore: " : "";
    throw new RuncibleError("path-not-found", `${told.step}: ${where}stat ${pattern}: file does not exist`);
  }
  let names: readonly string[] = [""];
  for (const segment of clean.split("/")) {
    names = (await Promise.all(names.map((name) => expandSegment(root, name, segment)))).flat();
  }
  return (await Promise.all(names.map((name) => sourceAt(root, name)))).filter((source) => source !== undefined);
}

async function expandSegment(root: string, parent: string, segment: string): Promise<readonly string[]> {
  const inParent = (name: string): string => (parent === "" ? name : `${parent}/${name}`);
  if (segment === "**") return [parent, ...(await foldersBelow(root, parent))];
  if (!/[*?[]/.test(segment)) return [inParent(segment.replace(/\\(.)/g, "$1"))];
  const expression = globExpression(segment);
  const names = await namesIn(root, parent);
  return names.filter((name) => expression.test(name)).map(inParent);
}

async function foldersBelow(root: string, parent: string): Promise<readonly string[]> {
  const below: string[] = [];
  for (const name of await namesIn(root, parent)) {
    const path = parent === "" ? name : `${parent}/${name}`;
    const stats = await lstat(posix.join(root, path)).catch(() => undefined);
    if (stats?.isDirectory()) below.push(path, ...(await foldersBelow(root, path)));
  }
  return below;
}

async function namesIn(root: string, folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(await resolveInRoot(root, folder, { followLast: true }))).sort();
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return [];
    throw error;
  }
}

async function sourceAt(root: string, name: string): Promise<SelectedSource | undefined> {
  const path = await resolveInRoot(root, name, { followLast: true });
  try {
    return { name, path, stats: await lstat(path) };
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}
