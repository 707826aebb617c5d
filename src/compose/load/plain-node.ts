import type { Node, Position } from "./node";

type Plain = string | number | boolean | null | undefined | readonly Plain[] | { readonly [key: string]: Plain };

/** A node for data that was made of a short form: all of it stands where the short form stood. */
export function nodeOf(data: object | string | number | boolean | null, at: Position): Node {
  return convert(data as Plain, at) ?? { kind: "scalar", value: null, at };
}

function convert(data: Plain, at: Position): Node | undefined {
  if (data === undefined) return undefined;
  if (data === null || typeof data !== "object") return { kind: "scalar", value: data, at };
  if (Array.isArray(data)) return { kind: "list", items: data.flatMap((item) => convert(item, at) ?? []), at };
  const entries = Object.entries(data).flatMap(([key, value]): [string, Node][] => {
    const child = convert(value, at);
    return child === undefined ? [] : [[key, child]];
  });
  return { kind: "map", entries: new Map(entries), at };
}
