import { childOf, type MapNode, type Node, type Position, textOf } from "./node";

/** Where something of a service was written, and under which key. */
export interface ServicePlace {
  readonly at: Position;
  /** `services.web.env_file` */
  readonly key: string;
}

/** The place of one key of a service, or of an item of its list; of the service when the key is not written. */
export function servicePlace(merged: MapNode, service: string, key: string, item?: number): ServicePlace {
  const serviceNode = childOf(childOf(merged, "services"), service);
  const node = childOf(serviceNode, key);
  const itemNode = item !== undefined && node?.kind === "list" ? node.items[item] : undefined;
  return { at: (itemNode ?? node ?? serviceNode ?? merged).at, key: `services.${service}.${key}` };
}

/** What makes a service depend on another: `depends_on`, or a key that uses a part of the other. */
export function dependencyPlace(merged: MapNode, service: string, other: string): ServicePlace {
  const serviceNode = childOf(childOf(merged, "services"), service);
  const named = childOf(childOf(serviceNode, "depends_on"), other);
  if (named !== undefined) return { at: named.at, key: `services.${service}.depends_on` };
  for (const key of ["network_mode", "pid", "ipc", "links", "volumes_from"]) {
    const node = childOf(serviceNode, key);
    const item = textsOf(node).findIndex((text) => text === `service:${other}` || text.split(":")[0] === other);
    if (item >= 0) return servicePlace(merged, service, key, item);
  }
  return servicePlace(merged, service, "depends_on");
}

function textsOf(node: Node | undefined): readonly string[] {
  return (node?.kind === "list" ? node.items : [node]).map((item) => textOf(item) ?? "");
}
