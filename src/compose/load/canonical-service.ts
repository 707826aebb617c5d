import { faultIn } from "./fault";
import {
  childOf,
  listNode,
  type MapNode,
  mapChildren,
  mapNode,
  mapValues,
  type Node,
  scalarNode,
  textOf,
} from "./node";
import { pairsToMap } from "./pairs";
import { isAddress, type PathContext, resolvedScalar, resolvePath } from "./paths";
import { nodeOf } from "./plain-node";
import { isSeccompWord } from "./seccomp";
import { shellWords } from "./shell-words";
import { readShortPort } from "./short-port";
import { readShortVolume } from "./short-volume";

/** One service in long forms, see `canonicalFile`. */
export function canonicalService(service: MapNode, name: string, paths: PathContext): MapNode {
  const key = (part: string): string => `services.${name}.${part}`;
  return mapChildren(service, {
    command: (node) => toWords(node, key("command")),
    entrypoint: (node) => toWords(node, key("entrypoint")),
    environment: pairsToMap,
    labels: pairsToMap,
    annotations: pairsToMap,
    sysctls: pairsToMap,
    dns: toList,
    dns_search: toList,
    tmpfs: toList,
    label_file: (node) => mapItems(toList(node), (item) => resolvedScalar(item, paths)),
    env_file: (node) => mapItems(toList(node), (item) => envFile(item, paths)),
    extra_hosts: (node) => hostAddresses(node, key("extra_hosts")),
    depends_on: (node) => namesToMap(node, (at) => nodeOf({ condition: "service_started", required: true }, at)),
    networks: (node) => namesToMap(node, (at) => scalarNode(null, at)),
    extends: (node) => toExtends(node),
    ulimits: (node) => (node.kind === "map" ? mapValues(node, toUlimit) : node),
    healthcheck: (node) =>
      node.kind === "map" ? mapChildren(node, { test: (test) => toTest(test, key("healthcheck.test")) }) : node,
    secrets: (node) => mapItems(node, toSource),
    configs: (node) => mapItems(node, toSource),
    deploy: (node) => (node.kind === "map" ? mapChildren(node, { labels: pairsToMap }) : node),
    build: (node) => canonicalBuild(node, key("build"), paths),
    ports: (node) => flatMapItems(node, (item) => toPorts(item, key("ports"))),
    expose: (node) => mapItems(node, toText),
    group_add: (node) => mapItems(node, toText),
    devices: (node) => mapItems(node, (item) => toDevice(item, key("devices"))),
    security_opt: (node) => mapItems(node, (item) => toSecurityOption(item, paths)),
    volumes: (node) => mapItems(node, (item) => toVolume(item, key("volumes"), paths)),
  });
}

function canonicalBuild(node: Node, key: string, paths: PathContext): Node {
  const build = node.kind === "scalar" && node.value !== null ? mapNode([["context", node]], node.at) : node;
  if (build.kind !== "map") return build;
  const context = (child: Node): Node => (isAddress(textOf(child) ?? "") ? child : resolvedScalar(child, paths));
  return mapChildren(build, {
    context,
    args: pairsToMap,
    labels: pairsToMap,
    additional_contexts: (child) => mapContexts(pairsToMap(child), context),
    extra_hosts: (child) => hostAddresses(child, `${key}.extra_hosts`),
    ulimits: (child) => (child.kind === "map" ? mapValues(child, toUlimit) : child),
  });
}

function mapContexts(node: Node, change: (child: Node) => Node): Node {
  return node.kind === "map" ? mapValues(node, change) : node;
}

function toWords(node: Node, key: string): Node {
  if (node.kind !== "scalar" || node.value === null) return node;
  const words = shellWords(String(node.value));
  if (words === undefined) throw faultIn({ at: node.at, key, message: "a quote is not closed" });
  return keepTag(node, nodeOf(words, node.at));
}

function toTest(node: Node, key: string): Node {
  if (node.kind === "scalar" && node.value !== null) {
    return keepTag(node, nodeOf(["CMD-SHELL", String(node.value)], node.at));
  }
  const first = node.kind === "list" ? node.items[0] : undefined;
  if (first === undefined || ["NONE", "CMD", "CMD-SHELL"].includes(textOf(first) ?? "")) return node;
  throw faultIn({ at: first.at, key, message: "the first word of a list must be CMD, CMD-SHELL or NONE" });
}

function toList(node: Node): Node {
  return node.kind === "scalar" && node.value !== null ? keepTag(node, listNode([{ ...node }], node.at)) : node;
}

function toText(node: Node): Node {
  return node.kind === "scalar" && typeof node.value === "number" ? scalarNode(String(node.value), node.at) : node;
}

function namesToMap(node: Node, value: (at: Node["at"]) => Node): Node {
  if (node.kind !== "list") return node;
  const entries = node.items.map((item): [string, Node] => [textOf(item) ?? "", value(item.at)]);
  return keepTag(node, mapNode(entries, node.at));
}

function toExtends(node: Node): Node {
  return node.kind === "scalar" ? mapNode([["service", node]], node.at) : node;
}

function toSource(node: Node): Node {
  return node.kind === "scalar" ? mapNode([["source", node]], node.at) : node;
}

function toUlimit(node: Node): Node {
  return node.kind === "scalar" && node.value !== null
    ? mapNode([["soft", node], ["hard", node]], node.at) // biome-ignore format: a pair of pairs
    : node;
}

function envFile(node: Node, paths: PathContext): Node {
  const long = node.kind === "scalar" ? mapNode([["path", node]], node.at) : node;
  return long.kind === "map" ? mapChildren(long, { path: (path) => resolvedScalar(path, paths) }) : long;
}

/** Name to a list of addresses; `name:address`, `name=address`. A name may come twice. */
function hostAddresses(node: Node, key: string): Node {
  if (node.kind === "map") return mapValues(node, toList);
  if (node.kind !== "list") return node;
  const addresses = new Map<string, Node[]>();
  for (const item of node.items) {
    const [, host, address] = /^([^:=]+)[:=](.+)$/.exec(textOf(item) ?? "") ?? [];
    if (host === undefined || address === undefined) {
      throw faultIn({ at: item.at, key, message: "it must be NAME:ADDRESS" });
    }
    addresses.set(host, [...(addresses.get(host) ?? []), scalarNode(address.replace(/^\[(.*)\]$/, "$1"), item.at)]);
  }
  const entries = [...addresses].map(([host, items]): [string, Node] => [host, listNode(items, node.at)]);
  return keepTag(node, mapNode(entries, node.at));
}

function toPorts(node: Node, key: string): readonly Node[] {
  if (node.kind === "map") return [longPort(node, key)];
  const ports = readShortPort(textOf(node) ?? "");
  if (typeof ports === "string") throw faultIn({ at: node.at, key, message: `"${textOf(node)}": ${ports}` });
  return ports.map((port) => nodeOf(port, node.at));
}

function longPort(node: MapNode, key: string): Node {
  const target = Number(textOf(childOf(node, "target")));
  if (!(target >= 1 && target <= 65_535)) {
    throw faultIn({ at: node.at, key, message: "target must be a port, a number from 1 to 65535" });
  }
  const published = textOf(childOf(node, "published"));
  if (published !== undefined && typeof readShortPort(`${published}:${target}`) === "string") {
    throw faultIn({ at: node.at, key, message: `published must be a port or a range, not "${published}"` });
  }
  const defaults = nodeOf({ protocol: "tcp", mode: "ingress" }, node.at);
  const merged = new Map([...(defaults.kind === "map" ? defaults.entries : []), ...node.entries]);
  if (published !== undefined) merged.set("published", scalarNode(published, node.at));
  return { ...node, entries: merged };
}

function toDevice(node: Node, key: string): Node {
  if (node.kind !== "scalar") return node;
  const [source = "", target = source, permissions = "rwm", ...more] = String(node.value).split(":");
  if (source === "" || more.length > 0) {
    throw faultIn({ at: node.at, key, message: "it must be SOURCE[:TARGET[:PERMISSIONS]]" });
  }
  return nodeOf({ source, target, permissions }, node.at);
}

/** `seccomp=profile.json` names a file. */
function toSecurityOption(node: Node, paths: PathContext): Node {
  const [, path] = /^seccomp[=:](.+)$/.exec(textOf(node) ?? "") ?? [];
  if (path === undefined || isSeccompWord(path)) return node;
  return scalarNode(`seccomp=${resolvePath(path, paths)}`, node.at);
}

function toVolume(node: Node, key: string, paths: PathContext): Node {
  if (node.kind === "map") return longVolume(node, paths);
  const volume = readShortVolume(textOf(node) ?? "");
  if (typeof volume === "string") throw faultIn({ at: node.at, key, message: `"${textOf(node)}": ${volume}` });
  const { type, source } = volume;
  return nodeOf(type === "bind" && source ? { ...volume, source: resolvePath(source, paths) } : volume, node.at);
}

function longVolume(node: MapNode, paths: PathContext): Node {
  const nested = mapChildren(node, {
    volume: (child) => (child.kind === "map" ? mapChildren(child, { labels: pairsToMap }) : child),
  });
  if (textOf(childOf(node, "type")) !== "bind") return nested;
  return mapChildren(nested, { source: (source) => resolvedScalar(source, paths) });
}

function mapItems(node: Node, change: (item: Node) => Node): Node {
  return node.kind === "list" ? { ...node, items: node.items.map(change) } : node;
}

function flatMapItems(node: Node, change: (item: Node) => readonly Node[]): Node {
  return node.kind === "list" ? { ...node, items: node.items.flatMap(change) } : node;
}

function keepTag(from: Node, to: Node): Node {
  return from.tag === undefined ? to : { ...to, tag: from.tag };
}
