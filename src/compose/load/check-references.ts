import { nearestWord } from "../../internal/nearest-word";
import type { FileResource, Project, Service } from "../model/project";
import { faultIn } from "./fault";
import { childOf, type MapNode } from "./node";
import { dependencyPlace, servicePlace } from "./service-place";

/**
 * Everything that a service names must exist, and nothing may contradict itself. Throws `compose-file-invalid` with the
 * place.
 */
export function checkReferences(project: Project, merged: MapNode): void {
  for (const [name, service] of Object.entries(project.services)) checkService(project, name, service, merged);
  for (const section of ["secrets", "configs"] as const) {
    for (const name of Object.keys(project[section])) checkStored(section, name, merged);
  }
}

function checkService(project: Project, name: string, service: Service, merged: MapNode): void {
  const fail = (key: string, message: string): Error => faultIn({ ...servicePlace(merged, name, key), message });
  const mustKnow = (key: string, other: string, known: Readonly<Record<string, unknown>>, kind: string): void => {
    if (!Object.hasOwn(known, other)) throw fail(key, unknownName(kind, other, known));
  };
  const mustKnowService = (other: string): void => {
    if (Object.hasOwn(project.services, other)) return;
    const message = project.inactiveServices.includes(other)
      ? `it needs the service "${other}", whose profile is not active; activate it with --profile`
      : unknownName("service", other, project.services);
    throw faultIn({ ...dependencyPlace(merged, name, other), message });
  };

  if (service.image === undefined && service.build === undefined) {
    throw fail("image", "a service needs an image or a build");
  }
  for (const other of Object.keys(service.depends_on ?? {})) mustKnowService(other);
  for (const network of Object.keys(service.networks ?? {})) {
    mustKnow("networks", network, project.networks, "network");
  }
  for (const { type, source, target } of service.volumes ?? []) {
    if (!["bind", "volume", "tmpfs"].includes(type)) throw fail("volumes", `mounts of type ${type} are not supported`);
    if (!target?.startsWith("/")) throw fail("volumes", "a mount needs a target, an absolute path in the container");
    if (type === "bind" && source === undefined) throw fail("volumes", `the bind mount at ${target} needs a source`);
    if (type === "volume" && source !== undefined) mustKnow("volumes", source, project.volumes, "volume");
  }
  for (const section of ["secrets", "configs"] as const) {
    for (const { source = "", uid = "0", gid = "0" } of service[section] ?? []) {
      mustKnow(section, source, project[section], section.slice(0, -1));
      const owner = [uid, gid].find((id) => !/^\d+$/.test(id));
      if (owner !== undefined) throw fail(section, `uid and gid are numbers, not "${owner}"`);
    }
  }
  checkNetworkMode(service, fail);
  checkScale(service, fail);
}

function unknownName(kind: string, name: string, known: Readonly<Record<string, unknown>>): string {
  const nearest = nearestWord(name, Object.keys(known));
  return `there is no ${kind} "${name}"${nearest === undefined ? "" : `; did you mean "${nearest}"?`}`;
}

type Fail = (key: string, message: string) => Error;

function checkNetworkMode({ network_mode, networks, ports }: Service, fail: Fail): void {
  if (network_mode === undefined) return;
  if (networks !== undefined && Object.keys(networks).length > 0) {
    throw fail("network_mode", "it excludes networks; remove one of the two");
  }
  if (ports !== undefined && ports.length > 0 && /^(service|container):/.test(network_mode)) {
    throw fail("ports", "ports are published by the service whose network is shared; move them there");
  }
}

function checkScale({ container_name, scale, deploy }: Service, fail: Fail): void {
  const count = scale ?? deploy?.replicas;
  if (count !== undefined && count < 0) throw fail("scale", "it must not be negative");
  if (scale !== undefined && deploy?.replicas !== undefined && scale !== deploy.replicas) {
    throw fail("scale", `it contradicts deploy.replicas, which is ${deploy.replicas}; remove one of the two`);
  }
  if (container_name !== undefined && (count ?? 1) > 1) {
    throw fail("container_name", "only one container can have the name; remove it or the scale");
  }
}

function checkStored(section: "secrets" | "configs", name: string, merged: MapNode): void {
  const node = childOf(childOf(merged, section), name);
  const sources = ["file", "environment", "content"].filter((key) => childOf(node, key) !== undefined);
  const at = node?.at ?? merged.at;
  const key = `${section}.${name}`;
  if (childOf(node, "external") !== undefined) {
    throw faultIn({
      at,
      key,
      message: "external ones live in a swarm, which is not there; give a file or environment",
    });
  }
  if (sources.length === 1) return;
  const words: readonly (keyof FileResource)[] =
    section === "secrets" ? ["file", "environment"] : ["file", "environment", "content"];
  throw faultIn({ at, key, message: `it needs one of ${words.join(", ")}` });
}
