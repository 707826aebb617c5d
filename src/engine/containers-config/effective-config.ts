import { hostname } from "node:os";
import { posix } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { shortId } from "../../internal/ids";
import { uniqueVariables, withMissingVariables } from "../../internal/variables";
import type { ImageRunConfig } from "../../runtime/image/manifest";
import { type ContainerPort, formatPortKey, parsePortKey } from "../../wire/ports";
import type { ContainerSpec } from "../routes/container-spec";
import type { EffectiveConfig } from "../routes/container-view";
import { sessionLabel } from "../state/container-record";
import { effectiveHealthCheck } from "./effective-health-check";

/**
 * What a container runs: the request, and where it says nothing, its image. `id` gives the default hostname, unless the
 * container is on the host's network or has its host name.
 * Throws `invalid-argument` ("no command specified").
 */
export function effectiveConfig(spec: ContainerSpec, image: ImageRunConfig, id: string): EffectiveConfig {
  const stopSignal = spec.stopSignal ?? image.StopSignal;
  return {
    hostname: spec.hostname ?? (isNamedAsHost(spec) ? hostname() : shortId(id)),
    user: spec.user ?? image.User ?? "",
    workingDir: posix.resolve("/", spec.workingDir ?? image.WorkingDir ?? "/"),
    environment: mergeEnvironment(image.Env ?? [], spec.environment),
    ...mergeCommand(spec, image),
    labels: { ...inheritedLabels(image), ...spec.labels },
    exposedPorts: mergePorts(spec.exposedPorts, image),
    volumes: mergeVolumes(spec, Object.keys(image.Volumes ?? {})),
    ...(stopSignal === undefined || stopSignal === "" ? {} : { stopSignal }),
    ...effectiveHealthCheck(spec.healthCheck, image.Healthcheck),
  };
}

/** That an image goes with a session says nothing of its containers: each tells its own. */
function inheritedLabels({ Labels }: ImageRunConfig): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(Labels ?? {}).filter(([name]) => name !== sessionLabel));
}

function isNamedAsHost({ networkMode, utsMode }: ContainerSpec): boolean {
  return networkMode.kind === "host" || utsMode === "host";
}

/** An entrypoint of the request's own does without the image's command; an emptied one keeps it. */
function mergeCommand(
  spec: ContainerSpec,
  image: ImageRunConfig,
): { readonly entrypoint: readonly string[]; readonly command: readonly string[] } {
  const hasOwnEntrypoint = (spec.entrypoint?.length ?? 0) > 0;
  const entrypoint = spec.entrypoint ?? image.Entrypoint ?? [];
  const command = spec.command ?? (hasOwnEntrypoint ? [] : (image.Cmd ?? []));
  if (entrypoint.length + command.length === 0) throw new RuncibleError("invalid-argument", "no command specified");
  return { entrypoint, command };
}

/** The request's variables, then what else the image has; a name without `=` takes one of the image's away. */
function mergeEnvironment(image: readonly string[], request: readonly string[]): readonly string[] {
  const merged = withMissingVariables(uniqueVariables(request), uniqueVariables(image));
  return merged.filter((entry) => entry.includes("="));
}

function mergePorts(request: readonly ContainerPort[], image: ImageRunConfig): readonly ContainerPort[] {
  const ports = [...request, ...Object.keys(image.ExposedPorts ?? {}).flatMap(parsePortKey)];
  return [...new Map(ports.map((port) => [formatPortKey(port), port])).values()];
}

/** A mount of the request on the same path wins over the image's volume. */
function mergeVolumes(spec: ContainerSpec, image: readonly string[]): readonly string[] {
  const mounted = new Set(spec.mounts.map(({ target }) => target));
  const wanted = image.map((path) => posix.resolve("/", path)).filter((path) => !mounted.has(path));
  return [...new Set([...spec.anonymousVolumes, ...wanted])];
}
