import { RuncibleError } from "../../internal/errors";
import { applyExtends } from "./extends";
import { applyIncludes } from "./include";
import { merge } from "./merge";
import type { MapNode } from "./node";
import { type FileContext, readDocument } from "./read-document";

/**
 * Files merged in their order, each with what it includes and extends, in long forms. `chain` are the files whose
 * including is under way.
 */
export async function loadFiles(
  files: readonly string[],
  context: FileContext,
  chain: readonly string[] = [],
): Promise<MapNode> {
  let merged: MapNode | undefined;
  for (const file of files) {
    const document = await readDocument(file, context);
    const included = await applyIncludes(document, context, [...chain, file], loadFiles);
    const extended = await applyExtends(included, file, context);
    merged = merged === undefined ? extended : merge(merged, extended);
  }
  if (merged === undefined) throw new RuncibleError("internal", "load project: no file is named");
  return merged;
}
