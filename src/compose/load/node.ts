/** A file that was read, and the folder that relative paths in it start from. */
export interface Source {
  readonly file: string;
  readonly baseFolder: string;
}

export interface Position {
  readonly source: Source;
  readonly line: number;
  readonly column: number;
}

/** How a node takes part in a merge: `!reset` removes what an earlier file said, `!override` replaces it. */
export type MergeTag = "reset" | "override";

interface NodeBase {
  /** Of its key, if it has one. */
  readonly at: Position;
  readonly tag?: MergeTag;
}

export interface ScalarNode extends NodeBase {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** As written, for numbers: `0440` is octal where a file mode is meant. */
  readonly text?: string;
}

export interface ListNode extends NodeBase {
  readonly kind: "list";
  readonly items: readonly Node[];
}

export interface MapNode extends NodeBase {
  readonly kind: "map";
  readonly entries: ReadonlyMap<string, Node>;
}

/** A compose file as data that remembers where each part was written. Never changed in place. */
export type Node = ScalarNode | ListNode | MapNode;

export function scalarNode(value: ScalarNode["value"], at: Position): ScalarNode {
  return { kind: "scalar", value, at };
}

export function listNode(items: readonly Node[], at: Position): ListNode {
  return { kind: "list", items, at };
}

export function mapNode(entries: Iterable<readonly [string, Node]>, at: Position): MapNode {
  return { kind: "map", entries: new Map(entries), at };
}

export function isNull(node: Node | undefined): boolean {
  return node?.kind === "scalar" && node.value === null;
}

/** The child of a map; undefined for whatever else. */
export function childOf(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === "map" ? node.entries.get(key) : undefined;
}

/** The text of a scalar, numbers and booleans included. */
export function textOf(node: Node | undefined): string | undefined {
  return node?.kind === "scalar" && node.value !== null ? String(node.value) : undefined;
}

/** A copy with one child replaced, or removed by `undefined`. */
export function withChild(map: MapNode, key: string, child: Node | undefined): MapNode {
  const entries = new Map(map.entries);
  if (child === undefined) entries.delete(key);
  else entries.set(key, child);
  return { ...map, entries };
}

/** A copy with every child that is there passed through its function. */
export function mapChildren(map: MapNode, changes: Readonly<Record<string, (child: Node) => Node>>): MapNode {
  const entries = [...map.entries].map(([key, child]): [string, Node] => {
    const change = Object.hasOwn(changes, key) ? changes[key] : undefined;
    return [key, change === undefined ? child : change(child)];
  });
  return { ...map, entries: new Map(entries) };
}

/** A copy with every value passed through the function. */
export function mapValues(map: MapNode, change: (child: Node, key: string) => Node): MapNode {
  return { ...map, entries: new Map([...map.entries].map(([key, child]) => [key, change(child, key)])) };
}
