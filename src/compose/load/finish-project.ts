import type { FileResource, NetworkResource, Project, Service, Values, VolumeResource } from "../model/project";
import { checkReferences } from "./check-references";
import { composeShape } from "./compose-shape";
import { findCycle } from "./cycle";
import { faultIn } from "./fault";
import { finishService } from "./finish-service";
import type { Variables } from "./interpolate";
import type { MapNode } from "./node";
import { activeServices } from "./profiles";
import { readShape } from "./read-shape";
import { dependencyPlace, servicePlace } from "./service-place";
import { unknownService } from "./unknown-service";

export interface ProjectFacts {
  readonly name: string;
  readonly workingFolder: string;
  readonly files: readonly string[];
  readonly profiles: readonly string[];
  /** Services asked for by name. */
  readonly asked: readonly string[];
  readonly lookup: Variables["lookup"];
}

interface Document {
  readonly services?: Readonly<Record<string, Service>>;
  readonly networks?: Readonly<Record<string, RawResource>>;
  readonly volumes?: Readonly<Record<string, RawResource>>;
  readonly secrets?: Readonly<Record<string, FileResource>>;
  readonly configs?: Readonly<Record<string, FileResource>>;
}

interface RawResource {
  readonly name?: string;
  readonly external?: boolean | { readonly name?: string };
  readonly labels?: Values;
}

/**
 * The project of a merged file in long forms: profiles chosen, environment files read, defaults filled in, references
 * checked.
 */
export async function finishProject(merged: MapNode, facts: ProjectFacts): Promise<Project> {
  // The shape that was checked is what the types say.
  const document = readShape(merged, composeShape) as Document;
  const all = document.services ?? {};
  for (const name of facts.asked) if (!Object.hasOwn(all, name)) throw unknownService(name, Object.keys(all));
  const active = activeServices(all, facts.profiles, facts.asked);
  const warnings = Object.entries(all).flatMap(([name, service]) => notApplied(name, service));
  const services: Record<string, Service> = {};
  for (const name of Object.keys(all).sort()) {
    const service = all[name];
    if (service === undefined || !active.has(name)) continue;
    services[name] = await finishService(service, facts, (key, item) => servicePlace(merged, name, key, item));
  }
  const project: Project = {
    name: facts.name,
    workingFolder: facts.workingFolder,
    files: facts.files,
    services: withoutOptionalInactive(services, all, warnings),
    networks: namedResources(networksOf(document, services), facts.name),
    volumes: namedResources(document.volumes, facts.name),
    secrets: document.secrets ?? {},
    configs: document.configs ?? {},
    inactiveServices: Object.keys(all).filter((name) => !active.has(name)),
    profiles: [...new Set(Object.values(all).flatMap(({ profiles = [] }) => profiles))].sort(),
    warnings,
  };
  checkReferences(project, merged);
  refuseCycle(project, merged);
  return project;
}

/** Settings that are read and checked, and that no daemon is told of. */
const withoutEffect = [
  ...["annotations", "cpu_count", "cpu_percent", "cpu_rt_period", "cpu_rt_runtime"],
  ...["device_cgroup_rules", "isolation", "runtime", "storage_opt"],
];

function notApplied(name: string, service: Service): readonly string[] {
  const keys = withoutEffect.filter((key) => Object.hasOwn(service, key));
  return keys.map((key) => `services.${name}.${key} has no effect`);
}

/** A dependency that need not be there is dropped when its profile is not active. */
function withoutOptionalInactive(
  services: Readonly<Record<string, Service>>,
  all: Readonly<Record<string, Service>>,
  warnings: string[],
): Readonly<Record<string, Service>> {
  const result: Record<string, Service> = {};
  for (const [name, service] of Object.entries(services)) {
    const kept = Object.entries(service.depends_on ?? {}).filter(([other, { required = true }]) => {
      const isThere = required || Object.hasOwn(services, other);
      if (!isThere)
        warnings.push(
          `service "${name}" depends on "${other}", which is ${Object.hasOwn(all, other) ? "not active" : "not defined"} and not required`,
        );
      return isThere;
    });
    result[name] = service.depends_on === undefined ? service : { ...service, depends_on: Object.fromEntries(kept) };
  }
  return result;
}

function networksOf(document: Document, services: Readonly<Record<string, Service>>): Document["networks"] {
  const usesDefault = Object.values(services).some(({ networks }) => networks !== undefined && "default" in networks);
  const defined = document.networks ?? {};
  return usesDefault && !("default" in defined) ? { ...defined, default: {} } : defined;
}

function namedResources<T extends NetworkResource | VolumeResource>(
  resources: Readonly<Record<string, RawResource>> | undefined,
  project: string,
): Readonly<Record<string, T>> {
  const entries = Object.entries(resources ?? {}).map(([key, { external = false, name, ...rest }]) => {
    const isExternal = external !== false;
    const externalName = typeof external === "object" ? external.name : undefined;
    const fullName = name ?? externalName ?? (isExternal ? key : `${project}_${key}`);
    return [key, { ...rest, name: fullName, external: isExternal }] as const;
  });
  return Object.fromEntries(entries) as unknown as Readonly<Record<string, T>>;
}

function refuseCycle({ services }: Project, merged: MapNode): void {
  const chain = findCycle(Object.keys(services), (name) => Object.keys(services[name]?.depends_on ?? {}));
  if (chain === undefined) return;
  const [first = "", second = ""] = chain;
  throw faultIn({
    ...dependencyPlace(merged, first, second),
    code: "compose-cycle",
    message: `services depend on each other in a circle: ${chain.join(" → ")}`,
    evidence: { chain },
  });
}
