import { childOf, type ListNode, type MapNode, type Node, textOf } from "./node";

/** Lists that an override replaces as a whole. */
const replaced = new Set(["services.*.command", "services.*.entrypoint", "services.*.healthcheck.test"]);

/** Lists of mappings in which an item takes the place of the one with the same key. */
const keyed: Readonly<Record<string, (item: Node) => string | undefined>> = {
  "services.*.ports": (port) =>
    ["host_ip", "published", "target", "protocol"].map((key) => textOf(childOf(port, key)) ?? "").join(":"),
  "services.*.volumes": (volume) => textOf(childOf(volume, "target")),
  "services.*.secrets": (secret) => textOf(childOf(secret, "target")) ?? textOf(childOf(secret, "source")),
  "services.*.configs": (config) => textOf(childOf(config, "target")) ?? textOf(childOf(config, "source")),
  "services.*.devices": (device) => textOf(childOf(device, "target")),
  "services.*.env_file": (file) => textOf(childOf(file, "path")),
};

/** Mappings in which a key without a value says something: to take it from outside. */
const nullMatters = /\.(environment|labels|args)$/;

/**
 * Two files, or two services, by the merge rules of the specification: mappings merge, lists are appended to, `over`
 * wins. Both are in long forms. `path` is where they stand, with `*` for the names of services.
 */
export function merge(base: MapNode, over: MapNode, path: readonly string[] = []): MapNode {
  const entries = new Map(base.entries);
  for (const [key, child] of over.entries) {
    const result = mergeNodes(entries.get(key), child, [...path, path.length === 1 ? "*" : key]);
    if (result === undefined) entries.delete(key);
    else entries.set(key, result);
  }
  return { ...over, entries };
}

/** Undefined: what was there is reset. */
function mergeNodes(base: Node | undefined, over: Node, path: readonly string[]): Node | undefined {
  if (over.tag === "reset") return undefined;
  if (over.tag === "override" || base === undefined) return withoutTag(over);
  const pattern = path.join(".");
  if (over.kind === "scalar" && over.value === null && base.kind !== "scalar") return base;
  if (over.kind === "scalar" && over.value === null && !nullMatters.test(path.slice(0, -1).join("."))) return base;
  if (base.kind === "map" && over.kind === "map") {
    return isOtherLogging(base, over, pattern) ? over : merge(base, over, path);
  }
  if (base.kind === "list" && over.kind === "list" && !replaced.has(pattern)) return append(base, over, pattern);
  return over;
}

function append(base: ListNode, over: ListNode, pattern: string): ListNode {
  const keyOf = keyed[pattern] ?? textOf;
  const items = [...base.items];
  for (const item of over.items) {
    const key = keyOf(item);
    const index = key === undefined ? -1 : items.findIndex((known) => keyOf(known) === key);
    if (index < 0) items.push(item);
    else items[index] = item;
  }
  return { ...over, items };
}

/** Options of one logging driver mean nothing to another. */
function isOtherLogging(base: MapNode, over: MapNode, pattern: string): boolean {
  if (pattern !== "services.*.logging") return false;
  const [before, after] = [textOf(childOf(base, "driver")), textOf(childOf(over, "driver"))];
  return before !== undefined && after !== undefined && before !== after;
}

function withoutTag(node: Node): Node {
  const { tag: _, ...rest } = node;
  return rest;
}
