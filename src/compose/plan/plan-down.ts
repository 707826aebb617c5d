import type { Project } from "../model/project";
import { imageOf } from "./container-names";
import { label } from "./labels";
import type { Observed, ObservedContainer } from "./observed";
import type { Operation } from "./operation";

export interface DownOptions {
  /** Named volumes too; those without a name go with their containers. */
  readonly volumes?: boolean;
  readonly removeOrphans?: boolean;
  /** Images too: all, or those without a name of their own. */
  readonly images?: "all" | "local";
  /** Before a container is killed. Default: its own. */
  readonly stopTimeoutSeconds?: number | undefined;
}

/**
 * The steps that take a project away. What depends on a service goes before it, as the labels tell, so that a project
 * is removed even when its file has changed or is gone.
 */
export function planDown(
  name: string,
  project: Project | undefined,
  observed: Observed,
  options: DownOptions = {},
): readonly Operation[] {
  const known = project && new Set([...Object.keys(project.services), ...project.inactiveServices]);
  const isRemoved = ({ service }: ObservedContainer): boolean =>
    known === undefined || options.removeOrphans === true || known.has(service);
  const containers = observed.containers.filter(isRemoved);
  const removals = containers.flatMap((container) => removalOf(container, containers, options));
  const after = containers.map((container) => `remove ${container.name}`);
  const ours = (resources: Observed["networks"]): readonly string[] =>
    resources.filter(({ labels }) => labels[label.project] === name).map((resource) => resource.name);
  const step = (kind: "remove-network" | "remove-volume" | "remove-image", what: string): Operation => ({
    id: `${kind} ${what}`,
    after,
    action: { kind, name: what },
  });
  return [
    ...removals,
    ...ours(observed.networks).map((network) => step("remove-network", network)),
    ...(options.volumes ? ours(observed.volumes) : []).map((volume) => step("remove-volume", volume)),
    ...imagesToRemove(project, observed, options).map((image) => step("remove-image", image)),
  ];
}

/** The steps that end the containers of some services, or of all, and keep them. */
export function planStop(
  observed: Observed,
  services: readonly string[],
  stopTimeoutSeconds?: number,
): readonly Operation[] {
  const isMeant = ({ service, isRunning }: ObservedContainer): boolean =>
    isRunning && (services.length === 0 || services.includes(service));
  const containers = observed.containers.filter(isMeant);
  return containers.map((container) => stopOf(container, containers, { stopTimeoutSeconds }));
}

function removalOf(
  container: ObservedContainer,
  all: readonly ObservedContainer[],
  options: DownOptions,
): readonly Operation[] {
  const { id, name } = container;
  const stop = stopOf(container, all, options);
  const remove: Operation = {
    id: `remove ${name}`,
    after: [stop.id],
    action: { kind: "remove-container", name, id, volumes: options.volumes ?? false },
  };
  return [stop, remove];
}

function stopOf(
  { id, name, service }: ObservedContainer,
  all: readonly ObservedContainer[],
  { stopTimeoutSeconds }: Pick<DownOptions, "stopTimeoutSeconds">,
): Operation {
  const timeout = stopTimeoutSeconds === undefined ? {} : { timeoutSeconds: stopTimeoutSeconds };
  // Labels are whatever somebody wrote: of two that depend on each other, neither waits.
  const dependents = all.filter((other) => reaches(all, other, service) && !reaches(all, { service }, other.service));
  return {
    id: `stop ${name}`,
    after: dependents.map((dependent) => `stop ${dependent.name}`),
    action: { kind: "stop-container", name, id, ...timeout },
  };
}

/** Whether one container's service depends on another service, directly or through others. */
function reaches(all: readonly ObservedContainer[], from: Pick<ObservedContainer, "service">, target: string): boolean {
  const seen = new Set<string>();
  const next = [from.service];
  for (let service = next.pop(); service !== undefined; service = next.pop()) {
    if (seen.has(service)) continue;
    seen.add(service);
    const direct = all.filter((container) => container.service === service).flatMap(dependenciesOf);
    if (direct.includes(target)) return true;
    next.push(...direct);
  }
  return false;
}

/** From `db:service_healthy:false,cache:service_started:false`. */
function dependenciesOf({ labels }: ObservedContainer): readonly string[] {
  return (labels[label.dependsOn] ?? "").split(",").flatMap((text) => text.split(":")[0] || []);
}

function imagesToRemove(project: Project | undefined, { images }: Observed, options: DownOptions): readonly string[] {
  if (project === undefined || options.images === undefined) return [];
  const names = Object.entries(project.services)
    .filter(([, { image }]) => options.images === "all" || image === undefined)
    .map(([name]) => imageOf(project, name));
  return [...new Set(names)].filter((name) => images.has(name));
}
