import type { Alias, Document, Pair, Node as YamlNode } from "yaml";
import { faultIn } from "./fault";
import type { MapNode, MergeTag, Node, Position, Source } from "./node";

/** Aliases can multiply; a file that grows past this is an attack or a mistake. */
const nodeLimit = 200_000;

/**
 * The documents of a YAML file, each a mapping; later ones are overrides of the first. Anchors, aliases and merge keys
 * are resolved. Throws `compose-file-invalid` with the place.
 */
export function parseYaml(text: string, source: Source): readonly MapNode[] {
  // Loaded here: importing the package must not pay for it.
  const yaml = require("yaml") as typeof import("yaml");
  const lines = new yaml.LineCounter();
  const documents = yaml.parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: "silent",
    version: "1.2",
  });
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { source, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  if (!Array.isArray(documents)) return [];
  return documents.flatMap((document) => {
    const error = document.errors[0];
    if (error !== undefined) throw faultIn({ at: positionAt(error.pos[0]), message: error.message, cause: error });
    return toMap(convert(yaml, document as Document, positionAt));
  });
}

function toMap(node: Node): MapNode[] {
  if (node.kind === "map") return [node];
  if (node.kind === "scalar" && node.value === null) return [];
  throw faultIn({ at: node.at, message: "a compose file is a mapping with the key services; this is none" });
}

function convert(
  { isAlias, isMap, isNode, isScalar, isSeq, parse }: typeof import("yaml"),
  document: Document,
  positionAt: (offset: number) => Position,
): Node {
  let count = 0;
  const anchors = new Map<string, YamlNode>();
  const openAnchors = new Set<unknown>();

  const visit = (node: unknown, keyAt?: Position): Node => {
    const at = keyAt ?? positionAt((node as YamlNode | null)?.range?.[0] ?? 0);
    count += 1;
    if (count > nodeLimit) throw faultIn({ at, message: `it has more than ${nodeLimit} values, aliases counted` });
    if (isAlias(node)) return visitAlias(node, at);
    // Not again inside an alias: a later anchor may have taken the name.
    if (openAnchors.size === 0 && isNode(node) && node.anchor !== undefined) anchors.set(node.anchor, node);
    if (isMap(node)) return { kind: "map", entries: entriesOf(node.items), at, ...tagOf(node.tag) };
    if (isSeq(node)) return { kind: "list", items: node.items.map((item) => visit(item)), at, ...tagOf(node.tag) };
    if (!isScalar(node)) return { kind: "scalar", value: null, at };
    const tag = tagOf(node.tag);
    // A tag of ours hides from the parser what kind of scalar follows.
    const value: unknown = tag.tag === undefined || node.type !== "PLAIN" ? node.value : parse(node.source ?? "");
    const exact = isRounded(value, node.source) ? node.source : value;
    return { kind: "scalar", value: plain(exact), at, ...tag, ...(node.source ? { text: node.source } : {}) };
  };

  const visitAlias = (alias: Alias, at: Position): Node => {
    const target = anchors.get(alias.source);
    if (target === undefined) throw faultIn({ at, message: `there is no anchor &${alias.source} before it` });
    if (openAnchors.has(target)) throw faultIn({ at, message: `the anchor &${alias.source} contains itself` });
    openAnchors.add(target);
    const node = visit(target, at);
    openAnchors.delete(target);
    return node;
  };

  const entriesOf = (pairs: readonly Pair[]): ReadonlyMap<string, Node> => {
    const own = new Map<string, Node>();
    const merged: MapNode[] = [];
    for (const pair of pairs) {
      const key = isScalar(pair.key) ? pair.key : undefined;
      const at = positionAt((pair.key as YamlNode | null)?.range?.[0] ?? 0);
      if (key === undefined) throw faultIn({ at, message: "a key must be a plain text" });
      if (key.value === "<<" && key.type === "PLAIN") merged.push(...mergedMaps(visit(pair.value), at));
      else own.set(String(key.value), visit(pair.value, at));
    }
    const inherited = merged.toReversed().flatMap(({ entries }) => [...entries]);
    return new Map([...inherited, ...own]);
  };

  return visit(document.contents);
}

function mergedMaps(node: Node, at: Position): readonly MapNode[] {
  const maps = node.kind === "list" ? node.items : [node];
  return maps.map((map) => {
    if (map.kind !== "map") throw faultIn({ at, message: "the merge key << takes a mapping or a list of mappings" });
    return map;
  });
}

function tagOf(tag: string | undefined): { readonly tag?: MergeTag } {
  if (tag === "!reset") return { tag: "reset" };
  return tag === "!override" ? { tag: "override" } : {};
}

/** A whole number that is too large for one of JavaScript: what stands in the file is right. */
function isRounded(value: unknown, source: string | undefined): source is string {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && /^[-+]?\d+$/.test(source ?? "");
}

function plain(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  return typeof value === "number" || typeof value === "boolean" ? value : String(value);
}
