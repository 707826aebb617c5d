import { dirname } from "node:path";
import { readEnvironmentFiles } from "./environment";
import { faultIn, readReferred } from "./fault";
import { childOf, type ListNode, type MapNode, mapNode, type Node, type Position, textOf, withChild } from "./node";
import { resolvePath } from "./paths";
import type { FileContext } from "./read-document";

/** Loads files as a project of their own, in long forms, with all that they include and extend. */
export type LoadFiles = (files: readonly string[], context: FileContext, chain: readonly string[]) => Promise<MapNode>;

const sections = ["services", "networks", "volumes", "secrets", "configs"] as const;

/** Takes what a file includes into it. Throws `compose-cycle` with the chain. */
export async function applyIncludes(
  document: MapNode,
  context: FileContext,
  chain: readonly string[],
  load: LoadFiles,
): Promise<MapNode> {
  const includes = childOf(document, "include");
  let result = withChild(document, "include", undefined);
  if (includes?.kind !== "list") return result;
  for (const include of includes.items) {
    const { files, inner } = await openInclude(include, context);
    const { at } = include;
    refuseCycle(files, chain, at);
    result = addAll(result, await readReferred(load(files, inner, chain), { at, key: "include" }));
  }
  return result;
}

async function openInclude(
  include: Node,
  context: FileContext,
): Promise<{ readonly files: readonly string[]; readonly inner: FileContext }> {
  const pathNode = include.kind === "scalar" ? include : childOf(include, "path");
  const files = texts(pathNode).map((path) => resolvePath(path, context.paths));
  const folder = textOf(childOf(include, "project_directory"));
  const baseFolder = folder === undefined ? dirname(files[0] ?? "") : resolvePath(folder, context.paths);
  const named = texts(childOf(include, "env_file")).map((path) => resolvePath(path, context.paths));
  const { at } = childOf(include, "env_file") ?? include;
  const values = await readReferred(readEnvironmentFiles(named, baseFolder, context.lookup), {
    at,
    key: "include.env_file",
  });
  return {
    files,
    inner: {
      ...context,
      paths: { ...context.paths, baseFolder },
      lookup: (name) => context.lookup(name) ?? values.get(name),
    },
  };
}

function texts(node: Node | undefined): readonly string[] {
  const items = node?.kind === "list" ? (node as ListNode).items : [node];
  return items.map(textOf).filter((text) => text !== undefined);
}

function refuseCycle(files: readonly string[], chain: readonly string[], at: Position): void {
  const repeated = files.find((file) => chain.includes(file));
  if (repeated === undefined) return;
  const path = [...chain.slice(chain.indexOf(repeated)), repeated].join(" → ");
  throw faultIn({
    at,
    key: "include",
    code: "compose-cycle",
    message: `files include each other in a circle: ${path}`,
    evidence: { chain: [...chain, repeated] },
  });
}

/** What is included must not be said again, unless it says the same. */
function addAll(document: MapNode, included: MapNode): MapNode {
  return sections.reduce((result, section) => {
    const added = childOf(included, section);
    if (added?.kind !== "map") return result;
    const own = childOf(result, section);
    const entries = new Map(own?.kind === "map" ? own.entries : []);
    for (const [name, node] of added.entries) {
      const known = entries.get(name);
      if (known !== undefined && fingerprint(known) !== fingerprint(node)) {
        const message = `an included file defines it too, in ${node.at.source.file}:${node.at.line}; rename one`;
        throw faultIn({ at: known.at, key: `${section}.${name}`, message });
      }
      entries.set(name, node);
    }
    return withChild(result, section, mapNode(entries, own?.at ?? added.at));
  }, document);
}

function fingerprint(node: Node): string {
  if (node.kind === "scalar") return JSON.stringify(node.value);
  if (node.kind === "list") return `[${node.items.map(fingerprint).join()}]`;
  const pairs = [...node.entries].map(([key, child]) => `${JSON.stringify(key)}:${fingerprint(child)}`);
  return `{${pairs.sort().join()}}`;
}
