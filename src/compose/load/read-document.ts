import { RuncibleError } from "../../internal/errors";
import { canonicalFile } from "./canonical";
import { composeShape } from "./compose-shape";
import { describePosition } from "./fault";
import type { Variables } from "./interpolate";
import { interpolateTree } from "./interpolate-tree";
import { merge } from "./merge";
import type { MapNode } from "./node";
import { parseYaml } from "./parse-yaml";
import type { PathContext } from "./paths";
import { readComposeFile } from "./read-compose-file";
import { readShape } from "./read-shape";

/** What a file is read with. */
export interface FileContext {
  readonly paths: PathContext;
  readonly lookup: Variables["lookup"];
  warn(text: string): void;
}

/** One file: parsed, variables replaced, checked, and in long forms; neither `include` nor `extends` is followed. */
export async function readDocument(file: string, context: FileContext): Promise<MapNode> {
  const text = await readComposeFile(file);
  const source = { file, baseFolder: context.paths.baseFolder };
  const documents = parseYaml(text, source).map((document) => checked(document, context));
  const [first, ...overrides] = documents;
  if (first === undefined) throw new RuncibleError("compose-file-invalid", `read compose file: ${file}: it is empty`);
  return overrides.reduce((base, over) => merge(base, over), first);
}

function checked(document: MapNode, context: FileContext): MapNode {
  const missing = (name: string): void =>
    context.warn(`The "${name}" variable is not set. Defaulting to a blank string.`);
  const filled = interpolateTree(document, { lookup: context.lookup, onMissing: missing });
  if (filled.kind !== "map") return document;
  readShape(filled, composeShape);
  const version = filled.entries.get("version");
  if (version !== undefined) {
    context.warn(`${describePosition(version.at)}: the key version is obsolete and has no effect; remove it`);
  }
  return canonicalFile(filled, context.paths);
}
