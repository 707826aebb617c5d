import { faultIn } from "./fault";
import { interpolate, type Variables } from "./interpolate";
import type { Node } from "./node";

/** Replaces variables in every value, not in keys. Throws `compose-file-invalid`, `compose-variable-missing`. */
export function interpolateTree(node: Node, variables: Variables, path: readonly string[] = []): Node {
  switch (node.kind) {
    case "map": {
      const entries = [...node.entries].map(([key, child]): [string, Node] => [
        key,
        interpolateTree(child, variables, [...path, key]),
      ]);
      return { ...node, entries: new Map(entries) };
    }
    case "list":
      return { ...node, items: node.items.map((item) => interpolateTree(item, variables, path)) };
    case "scalar": {
      if (typeof node.value !== "string") return node;
      const result = interpolate(node.value, variables);
      if ("text" in result)
        return result.text === node.value ? node : { ...node, value: result.text, text: result.text };
      const { kind, message } = result.fault;
      const code = kind === "required" ? "compose-variable-missing" : "compose-file-invalid";
      throw faultIn({ at: node.at, key: path.join("."), message, code });
    }
  }
}
