import { join, normalize } from "node:path";
import type { Node } from "./node";

/** What relative paths start from. */
export interface PathContext {
  readonly baseFolder: string;
  readonly home: string | undefined;
}

/** Absolute; `~` is the home folder. */
export function resolvePath(path: string, { baseFolder, home }: PathContext): string {
  if (home !== undefined && /^~(\/|$)/.test(path)) return join(home, path.slice(1));
  const absolute = path.startsWith("/") ? normalize(path) : join(baseFolder, path);
  return absolute.length > 1 ? absolute.replace(/\/+$/, "") : absolute;
}

export function resolvedScalar(node: Node, paths: PathContext): Node {
  if (node.kind !== "scalar" || typeof node.value !== "string") return node;
  return { ...node, value: resolvePath(node.value, paths) };
}

/** A context of a build may also be an address. */
export function isAddress(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(text) || /^(git@|github\.com\/|service:|target:)/.test(text);
}
