import { dirname } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { faultIn, readReferred } from "./fault";
import { merge } from "./merge";
import { childOf, type MapNode, mapValues, type Node, textOf, withChild } from "./node";
import { resolvePath } from "./paths";
import { type FileContext, readDocument } from "./read-document";

interface Place {
  readonly file: string;
  readonly document: MapNode;
  readonly context: FileContext;
}

/** Replaces every `extends` of a file by what it stands for. Throws `compose-cycle` with the chain. */
export async function applyExtends(document: MapNode, file: string, context: FileContext): Promise<MapNode> {
  const services = childOf(document, "services");
  if (services?.kind !== "map") return document;
  const place = { file, document, context };
  const resolved = new Map<string, Node>();
  for (const [name, node] of services.entries) {
    // A service without settings extends nothing; that it lacks an image is told later.
    resolved.set(name, node.kind === "map" ? await resolveService(place, name, []) : node);
  }
  return withChild(
    document,
    "services",
    mapValues(services, (node, name) => resolved.get(name) ?? node),
  );
}

async function resolveService(place: Place, name: string, chain: readonly string[]): Promise<Node> {
  const service = childOf(childOf(place.document, "services"), name);
  const link = `${place.file}#${name}`;
  if (chain.includes(link)) {
    const path = [...chain.slice(chain.indexOf(link)), link].join(" → ");
    throw faultIn({
      at: (childOf(service, "extends") ?? place.document).at,
      key: `services.${name}.extends`,
      code: "compose-cycle",
      message: `services extend each other in a circle: ${path}`,
      evidence: { chain: [...chain, link] },
    });
  }
  if (service?.kind !== "map") throw new RuncibleError("internal", `extend service ${name}: it is not there`);
  const extension = childOf(service, "extends");
  if (extension === undefined || extension.tag === "reset") return withChild(service, "extends", undefined);
  const target = await targetOf(place, name, extension);
  const base = await resolveService(target.place, target.service, [...chain, link]);
  const own = withChild(service, "extends", undefined);
  return base.kind === "map" ? merge(base, own, ["services", "*"]) : own;
}

async function targetOf(
  place: Place,
  name: string,
  extension: Node,
): Promise<{ readonly place: Place; readonly service: string }> {
  const service = textOf(childOf(extension, "service")) ?? "";
  const fileText = textOf(childOf(extension, "file"));
  const key = `services.${name}.extends`;
  const at = (childOf(extension, "file") ?? extension).at;
  const target =
    fileText === undefined ? place : await readReferred(openOther(place, fileText), { at, key: `${key}.file` });
  if (childOf(childOf(target.document, "services"), service)?.kind !== "map") {
    const message = `there is no service "${service}" in ${target.file}`;
    throw faultIn({ at: extension.at, key, message });
  }
  return { place: target, service };
}

/** Relative paths of the other file start from its own folder. */
async function openOther({ context }: Place, fileText: string): Promise<Place> {
  const file = resolvePath(fileText, context.paths);
  const other = { ...context, paths: { ...context.paths, baseFolder: dirname(file) } };
  return { file, document: await readDocument(file, other), context: other };
}
