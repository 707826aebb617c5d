import { canonicalService } from "./canonical-service";
import { type MapNode, mapChildren, mapValues, type Node } from "./node";
import { pairsToMap } from "./pairs";
import { type PathContext, resolvedScalar } from "./paths";

/**
 * The file in the long forms of the specification, with absolute paths, so that files can be merged and read without
 * knowing the short ones. Throws `compose-file-invalid`.
 */
export function canonicalFile(file: MapNode, paths: PathContext): MapNode {
  const storedFile = (node: Node): Node =>
    node.kind === "map"
      ? mapChildren(node, { file: (child) => resolvedScalar(child, paths), labels: pairsToMap })
      : node;
  const resource = (node: Node): Node => (node.kind === "map" ? mapChildren(node, { labels: pairsToMap }) : node);
  const each =
    (change: (node: Node, name: string) => Node) =>
    (node: Node): Node =>
      node.kind === "map" ? mapValues(node, change) : node;
  return mapChildren(file, {
    services: each((node, name) => (node.kind === "map" ? canonicalService(node, name, paths) : node)),
    networks: each(resource),
    volumes: each(resource),
    secrets: each(storedFile),
    configs: each(storedFile),
  });
}
