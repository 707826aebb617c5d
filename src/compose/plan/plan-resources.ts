import { createHash } from "node:crypto";
import { RuncibleError } from "../../internal/errors";
import type { NetworkCreateBody } from "../../wire/network";
import type { NetworkResource, Project, VolumeResource } from "../model/project";
import { label, labelVersion } from "./labels";
import type { Observed } from "./observed";
import type { Operation } from "./operation";
import { textMap } from "./text-map";

export interface ResourcePlan {
  readonly operations: readonly Operation[];
  readonly warnings: readonly string[];
}

/**
 * Networks and volumes that the services use and that are not there. Throws `network-not-found` and `volume-not-found`
 * for external ones that lack.
 */
export function planResources(
  project: Project,
  services: readonly string[],
  observed: Observed,
  extraLabels: Readonly<Record<string, string>> = {},
): ResourcePlan {
  const operations: Operation[] = [];
  const warnings: string[] = [];
  for (const [key, network] of used(project.networks, networksOf(project, services))) {
    const hash = hashOf(network);
    if (isThere(observed.networks, network, hash, { project, warnings, kind: "network" })) continue;
    if (network.external) throw missing("network-not-found", "network", network.name);
    const own = { ...extraLabels, ...ownLabels(project, label.network, key), [label.configHash]: hash };
    const body = networkBody(network, own);
    operations.push({ id: networkStepId(network.name), after: [], action: { kind: "create-network", body } });
  }
  for (const [key, volume] of used(project.volumes, volumesOf(project, services))) {
    const hash = hashOf(volume);
    if (isThere(observed.volumes, volume, hash, { project, warnings, kind: "volume" })) continue;
    if (volume.external) throw missing("volume-not-found", "volume", volume.name);
    const own = { ...extraLabels, ...ownLabels(project, label.volume, key), [label.configHash]: hash };
    const labels = { ...textMap(volume.labels), ...own };
    const body = {
      Name: volume.name,
      Labels: labels,
      ...(volume.driver === undefined ? {} : { Driver: volume.driver }),
      ...(volume.driver_opts === undefined ? {} : { DriverOpts: textMap(volume.driver_opts) }),
    };
    operations.push({ id: volumeStepId(volume.name), after: [], action: { kind: "create-volume", body } });
  }
  return { operations, warnings };
}

export function networkStepId(name: string): string {
  return `network ${name}`;
}

export function volumeStepId(name: string): string {
  return `volume ${name}`;
}

/** Keys of the networks that a service joins. */
function networksOf(project: Project, services: readonly string[]): ReadonlySet<string> {
  return new Set(services.flatMap((name) => Object.keys(project.services[name]?.networks ?? {})));
}

function volumesOf(project: Project, services: readonly string[]): ReadonlySet<string> {
  const volumes = services.flatMap((name) => project.services[name]?.volumes ?? []);
  return new Set(volumes.flatMap(({ type, source }) => (type === "volume" && source !== undefined ? [source] : [])));
}

function used<T>(resources: Readonly<Record<string, T>>, keys: ReadonlySet<string>): readonly (readonly [string, T])[] {
  return Object.entries(resources).filter(([key]) => keys.has(key));
}

interface Check {
  readonly project: Project;
  readonly warnings: string[];
  readonly kind: string;
}

/** What is there stays as it is: data and other containers may hang on it. */
function isThere(
  known: Observed["networks"],
  { name, external }: NetworkResource | VolumeResource,
  hash: string,
  { project, warnings, kind }: Check,
): boolean {
  // The daemon brings these along.
  if (kind === "network" && external && ["bridge", "host", "none"].includes(name)) return true;
  const found = known.find((resource) => resource.name === name);
  if (found === undefined) return false;
  if (!external && found.labels[label.project] !== project.name) {
    warnings.push(`the ${kind} ${name} is not of this project; it is used as it is, say "external: true" to mean that`);
  } else if (!external && (found.labels[label.configHash] ?? hash) !== hash) {
    warnings.push(`the ${kind} ${name} has other settings than the file says; remove it to have them changed`);
  }
  return true;
}

function hashOf(resource: NetworkResource | VolumeResource): string {
  return createHash("sha256").update(JSON.stringify(resource)).digest("hex");
}

function networkBody(network: NetworkResource, labels: Readonly<Record<string, string>>): NetworkCreateBody {
  const { ipam } = network;
  const config = ipam?.config?.map(({ subnet, gateway, ip_range }) => ({
    ...(subnet === undefined ? {} : { Subnet: subnet }),
    ...(gateway === undefined ? {} : { Gateway: gateway }),
    ...(ip_range === undefined ? {} : { IPRange: ip_range }),
  }));
  return {
    Name: network.name,
    Driver: network.driver ?? "bridge",
    ...(network.internal === undefined ? {} : { Internal: network.internal }),
    ...(network.attachable === undefined ? {} : { Attachable: network.attachable }),
    ...(network.enable_ipv6 === undefined ? {} : { EnableIPv6: network.enable_ipv6 }),
    ...(ipam === undefined
      ? {}
      : { IPAM: { Driver: ipam.driver ?? "default", ...(config === undefined ? {} : { Config: config }) } }),
    ...(network.driver_opts === undefined ? {} : { Options: textMap(network.driver_opts) }),
    Labels: { ...textMap(network.labels), ...labels },
  };
}

function ownLabels(project: Project, kind: string, key: string): Readonly<Record<string, string>> {
  return { [label.project]: project.name, [kind]: key, [label.version]: labelVersion };
}

function missing(code: "network-not-found" | "volume-not-found", kind: string, name: string): RuncibleError {
  return new RuncibleError(
    code,
    `start project: the ${kind} ${name} is declared as external and is not there; create it, or remove "external"`,
  );
}
