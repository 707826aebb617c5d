import type { Dependency, Service, ServiceNetwork, Values } from "../model/project";
import type { EnvFileFormat } from "./dotenv";
import { readEnvironmentFile } from "./environment";
import { readReferred } from "./fault";
import type { ProjectFacts } from "./finish-project";
import type { Variables } from "./interpolate";
import { withSeccompProfiles } from "./seccomp";
import type { ServicePlace } from "./service-place";

/** Where a key of the service, or an item of its list, was written. */
export type PlaceOf = (key: string, item?: number) => ServicePlace;

/** One service with its files read and its defaults filled in. */
export async function finishService(
  service: Service,
  { lookup, workingFolder }: Pick<ProjectFacts, "lookup" | "workingFolder">,
  placeOf: PlaceOf,
): Promise<Service> {
  const { env_file, label_file, ...rest } = service;
  const fromFiles = await readEnvFiles(env_file, lookup, placeOf);
  const fileLabels = await readLabelFiles(label_file, lookup, placeOf);
  const named = Object.entries(service.depends_on ?? {}).map(([name, other]) => [name, { required: true, ...other }]);
  const dependencies = { ...impliedDependencies(service), ...Object.fromEntries(named) };
  const environment = environmentOf(service.environment, fromFiles, lookup);
  const labels = { ...fileLabels, ...service.labels };
  return {
    ...rest,
    // Without one it is the project's folder; with a Dockerfile inline nobody says it.
    ...(service.build === undefined
      ? {}
      : { build: { ...service.build, context: service.build.context ?? workingFolder } }),
    ...(service.security_opt === undefined
      ? {}
      : { security_opt: await withSeccompProfiles(service.security_opt, placeOf) }),
    ...(Object.keys(environment).length === 0 ? {} : { environment }),
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
    ...(Object.keys(dependencies).length === 0 ? {} : { depends_on: dependencies }),
    ...networksOf(service),
  };
}

async function readEnvFiles(
  files: Service["env_file"] = [],
  lookup: Variables["lookup"],
  placeOf: PlaceOf,
): Promise<Readonly<Record<string, string>>> {
  const result: Record<string, string> = {};
  for (const [index, { path, required = true, format }] of files.entries()) {
    const known = (name: string): string | undefined => lookup(name) ?? result[name];
    const reading = readEnvironmentFile({ path, required, ...formatOf(format) }, known);
    for (const [name, value] of (await readReferred(reading, placeOf("env_file", index))) ?? []) result[name] = value;
  }
  return result;
}

async function readLabelFiles(
  files: Service["label_file"] = [],
  lookup: Variables["lookup"],
  placeOf: PlaceOf,
): Promise<Readonly<Record<string, string>>> {
  const result: Record<string, string> = {};
  for (const [index, path] of files.entries()) {
    const reading = readEnvironmentFile({ path, required: true }, lookup);
    for (const [name, value] of (await readReferred(reading, placeOf("label_file", index))) ?? []) result[name] = value;
  }
  return result;
}

function formatOf(format: string | undefined): { readonly format?: EnvFileFormat } {
  return format === "raw" ? { format } : {};
}

/** A name without a value takes that of the caller's environment; null, when there is none, takes the image's away. */
function environmentOf(
  environment: Values = {},
  fromFiles: Readonly<Record<string, string>>,
  lookup: Variables["lookup"],
): Values {
  const own = Object.entries(environment).map(([name, value]): [string, string | null] => [
    name,
    value === null ? (lookup(name) ?? null) : String(value),
  ]);
  const all: [string, string | null][] = Object.entries({ ...fromFiles, ...Object.fromEntries(own) });
  return Object.fromEntries(all.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function networksOf({ networks, network_mode }: Service): { readonly networks?: Record<string, ServiceNetwork> } {
  if (network_mode !== undefined) return {};
  const named = networks === undefined || Object.keys(networks).length === 0 ? { default: {} } : networks;
  const byPriority = Object.entries(named).map(([name, network]) => [name, network ?? {}] as const);
  return {
    networks: Object.fromEntries(
      byPriority.toSorted(([, left], [, right]) => (right.priority ?? 0) - (left.priority ?? 0)),
    ),
  };
}

/** Whoever uses a part of another service starts after it. */
function impliedDependencies(service: Service): Readonly<Record<string, Dependency>> {
  const { links = [], volumes_from = [], network_mode, pid, ipc } = service;
  const shared = [network_mode, pid, ipc].flatMap((mode) => (mode?.startsWith("service:") ? [mode.slice(8)] : []));
  const sources = volumes_from.filter((text) => !text.startsWith("container:")).map((text) => text.split(":")[0] ?? "");
  const linked = links.map((text) => text.split(":")[0] ?? "");
  const implied: Dependency = { condition: "service_started", required: true };
  return Object.fromEntries([
    ...sources.map((name) => [name, implied]),
    ...[...linked, ...shared].map((name) => [name, { ...implied, restart: true }]),
  ]);
}
