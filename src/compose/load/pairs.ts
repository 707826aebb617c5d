import { mapNode, type Node } from "./node";

/** `["A=1", "B"]` as `{A: "1", B: null}`. */
export function pairsToMap(node: Node): Node {
  if (node.kind !== "list") return node;
  const entries = node.items.map((item): [string, Node] => {
    const text = item.kind === "scalar" ? String(item.value) : "";
    const at = text.indexOf("=");
    const value = at < 0 ? null : text.slice(at + 1);
    return [at < 0 ? text : text.slice(0, at), { kind: "scalar", value, at: item.at }];
  });
  return { ...mapNode(entries, node.at), ...(node.tag === undefined ? {} : { tag: node.tag }) };
}
