import type { Dependency, Project } from "../model/project";
import { replicasOf } from "./container-names";
import { createContainer, type FileDigests } from "./create-container";
import { inDependencyOrder, lendersOf } from "./dependency-order";
import { label } from "./labels";
import type { Observed, ObservedContainer } from "./observed";
import type { AwaitService, CreateContainer, Operation } from "./operation";
import { type ImageOptions, imageStepId, planImages } from "./plan-images";
import { networkStepId, planResources, volumeStepId } from "./plan-resources";

export interface UpOptions extends ImageOptions {
  /** Default: all. */
  readonly services?: readonly string[];
  /** Leave out what the services depend on. */
  readonly noDependencies?: boolean;
  /** Number of containers, over what the file says. */
  readonly scale?: Readonly<Record<string, number>>;
  /** Which containers are replaced: those that differ from the file (default), all, none. */
  readonly recreate?: "diverged" | "all" | "never";
  /** Create only. */
  readonly noStart?: boolean;
  /** Resolve when everything runs and is healthy. */
  readonly wait?: boolean;
  /** Remove containers of services that the project no longer has. */
  readonly removeOrphans?: boolean;
  /** For containers that are replaced. Default: their own. */
  readonly stopTimeoutSeconds?: number;
  /** A container that is replaced takes its volumes without a name along, in place of leaving them to its successor. */
  readonly renewVolumes?: boolean;
  /** On everything that is created. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly operations: readonly Operation[];
  readonly warnings: readonly string[];
}

/**
 * From what is wanted and what is there to the steps that lead from one to the other. Images that are to be refreshed
 * are so already, see `upServices`: only then can be told which containers run an old one.
 */
export function planUp(project: Project, observed: Observed, digests: FileDigests, options: UpOptions = {}): Plan {
  const services = servicesOf(project, options);
  const images = planImages(project, services, observed.images, options).filter(({ isRefresh }) => !isRefresh);
  const resources = planResources(project, services, observed, options.labels);
  const planner = createPlanner(project, observed, digests, options);
  for (const name of services) planner.addService(name);
  if (options.wait && !options.noStart) planner.awaitAll(services);
  const orphans = planOrphans(project, observed, options);
  const operations = [...images, ...resources.operations, ...planner.operations, ...orphans.operations];
  return { operations: withoutLooseEnds(operations), warnings: [...resources.warnings, ...orphans.warnings] };
}

/** What takes part: the services asked for and what they depend on, in the order of dependency. */
export function servicesOf(project: Project, { services = [], noDependencies = false }: UpOptions): readonly string[] {
  const targets = services.length === 0 ? Object.keys(project.services) : services;
  const ordered = inDependencyOrder(project, targets);
  return noDependencies ? ordered.filter((name) => targets.includes(name)) : ordered;
}

interface Planner {
  readonly operations: Operation[];
  addService(name: string): void;
  awaitAll(services: readonly string[]): void;
}

function createPlanner(project: Project, observed: Observed, digests: FileDigests, options: UpOptions): Planner {
  const operations: Operation[] = [];
  const replaced = new Set<string>();
  const containersOf = new Map<string, readonly string[]>();

  const addService = (name: string): void => {
    const existing = observed.containers
      .filter(({ service }) => service === name)
      .toSorted((left, right) => left.number - right.number);
    const wanted = options.scale?.[name] ?? replicasOf(project.services[name] ?? {});
    for (const surplus of existing.slice(wanted)) operations.push(...removal(surplus, options, true));
    const isLenderReplaced = lendersOf(project, name).some((lender) => replaced.has(lender));
    const numbers = numbersFor(existing.slice(0, wanted), wanted);
    const names = numbers.map(({ number, container }) => {
      const create = createContainer({ project, service: name, number, digests, extraLabels: options.labels ?? {} });
      const isReplaced = isLenderReplaced || isDiverged(container, create, observed, options.recreate ?? "diverged");
      if (container !== undefined && isReplaced) replaced.add(name);
      addContainer(name, container, create, isReplaced);
      return container !== undefined && !isReplaced ? container.name : create.name;
    });
    containersOf.set(name, names);
  };

  const addContainer = (
    name: string,
    container: ObservedContainer | undefined,
    create: CreateContainer,
    isReplaced: boolean,
  ): void => {
    if (container !== undefined && !isReplaced) {
      if (!options.noStart) addStart(name, container.name, container, []);
      return;
    }
    const { renewVolumes = false } = options;
    const removed = container === undefined ? [] : removal(container, options, renewVolumes);
    operations.push(...removed);
    const lenders = lendersOf(project, name).flatMap((lender) => containersOf.get(lender) ?? []);
    operations.push({
      id: `create ${create.name}`,
      after: [
        imageStepId(create.body.Image),
        ...networkNames(create).map(networkStepId),
        ...volumeNames(create).map(volumeStepId),
        ...lenders.map((lender) => `create ${lender}`),
        ...removed.slice(-1).map(({ id }) => id),
      ],
      action: container === undefined || renewVolumes ? create : withVolumesOf(container, create),
    });
    if (!options.noStart) addStart(name, create.name, undefined, [`create ${create.name}`]);
  };

  const addStart = (
    service: string,
    name: string,
    running: ObservedContainer | undefined,
    after: readonly string[],
  ): void => {
    const dependencies = Object.entries(project.services[service]?.depends_on ?? {});
    const isRestarted = dependencies.some(([other, { restart }]) => restart === true && replaced.has(other));
    if (running?.isRunning && !isRestarted) return;
    const kind = running?.isRunning ? "restart-container" : "start-container";
    const waits = dependencies.flatMap(([other, dependency]) => awaitDependency(other, dependency));
    operations.push({ id: `start ${name}`, after: [...after, ...waits], action: { kind, service, name } });
  };

  /** Ids of the steps after which a dependency is as it must be. */
  const awaitDependency = (service: string, { condition, required = true }: Dependency): readonly string[] => {
    const containers = containersOf.get(service);
    if (containers === undefined || containers.length === 0) return [];
    const starts = containers.map((name) => `start ${name}`);
    if (condition === "service_started") return starts;
    return [addWait(service, condition === "service_healthy" ? "healthy" : "completed", required)];
  };

  const addWait = (service: string, condition: AwaitService["condition"], isRequired: boolean): string => {
    const id = `await ${service} ${condition}${isRequired ? "" : " optional"}`;
    const containers = containersOf.get(service) ?? [];
    if (!operations.some((operation) => operation.id === id)) {
      const after = containers.map((name) => `start ${name}`);
      operations.push({ id, after, action: { kind: "await-service", service, containers, condition, isRequired } });
    }
    return id;
  };

  const awaitAll = (services: readonly string[]): void => {
    for (const name of services) {
      const isJob = Object.values(project.services).some(
        ({ depends_on }) => depends_on?.[name]?.condition === "service_completed_successfully",
      );
      if ((containersOf.get(name) ?? []).length > 0) addWait(name, isJob ? "completed" : "running_or_healthy", true);
    }
  };

  return { operations, addService, awaitAll };
}

/** Existing containers keep their numbers, new ones take the lowest that are free. */
function numbersFor(
  kept: readonly ObservedContainer[],
  wanted: number,
): readonly { readonly number: number; readonly container?: ObservedContainer }[] {
  const taken = new Set(kept.map(({ number }) => number));
  const result: { number: number; container?: ObservedContainer }[] = kept.map((container) => ({
    number: container.number,
    container,
  }));
  for (let number = 1; result.length < wanted; number += 1) if (!taken.has(number)) result.push({ number });
  return result;
}

function isDiverged(
  container: ObservedContainer | undefined,
  create: { readonly configHash: string; readonly body: { readonly Image: string } },
  observed: Observed,
  recreate: "diverged" | "all" | "never",
): boolean {
  if (container === undefined || recreate === "never") return false;
  if (recreate === "all") return true;
  const imageId = observed.images.get(create.body.Image);
  return container.labels[label.configHash] !== create.configHash || imageId !== container.imageId;
}

/** Volumes without a name belong to the container; its successor takes them over. */
function withVolumesOf({ volumes }: ObservedContainer, create: CreateContainer): CreateContainer {
  const { HostConfig: host = {} } = create.body;
  const mounts = host.Mounts ?? [];
  const isNamed = (target: string): boolean =>
    mounts.some((mount) => mount.Target === target && mount.Source !== undefined) ||
    (host.Binds ?? []).some((bind) => bind.split(":")[1] === target) ||
    Object.hasOwn(host.Tmpfs ?? {}, target);
  const kept = volumes.filter(({ target, name }) => !isNamed(target) && /^[0-9a-f]{64}$/.test(name));
  if (kept.length === 0) return create;
  const others = mounts.filter(({ Target }) => !kept.some(({ target }) => target === Target));
  const taken = kept.map(({ target, name }) => ({ Type: "volume" as const, Source: name, Target: target }));
  return { ...create, body: { ...create.body, HostConfig: { ...host, Mounts: [...others, ...taken] } } };
}

function removal(container: ObservedContainer, { stopTimeoutSeconds }: UpOptions, volumes: boolean): Operation[] {
  const { id, name, isRunning } = container;
  const timeout = stopTimeoutSeconds === undefined ? {} : { timeoutSeconds: stopTimeoutSeconds };
  const stop: Operation = { id: `stop ${name}`, after: [], action: { kind: "stop-container", name, id, ...timeout } };
  const after = isRunning ? [stop.id] : [];
  const remove: Operation = { id: `remove ${name}`, after, action: { kind: "remove-container", name, id, volumes } };
  return isRunning ? [stop, remove] : [remove];
}

function planOrphans(project: Project, { containers }: Observed, options: UpOptions): Plan {
  const known = new Set([...Object.keys(project.services), ...project.inactiveServices]);
  const orphans = containers.filter(({ service }) => !known.has(service));
  if (orphans.length === 0) return { operations: [], warnings: [] };
  if (options.removeOrphans)
    return { operations: orphans.flatMap((orphan) => removal(orphan, options, false)), warnings: [] };
  const names = orphans.map(({ name }) => name).join(", ");
  const warning = `found orphan containers (${names}) for this project; --remove-orphans removes them`;
  return { operations: [], warnings: [warning] };
}

function networkNames({ body, networks }: CreateContainer): readonly string[] {
  const first = Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {});
  return [...first, ...networks.map(({ name }) => name)];
}

function volumeNames({ body }: CreateContainer): readonly string[] {
  return (body.HostConfig?.Mounts ?? []).flatMap(({ Type, Source }) =>
    Type === "volume" && Source !== undefined ? [Source] : [],
  );
}

/** What a step waits for and nobody does is there already. */
function withoutLooseEnds(operations: readonly Operation[]): readonly Operation[] {
  const known = new Set(operations.map(({ id }) => id));
  return operations.map((operation) => ({ ...operation, after: operation.after.filter((id) => known.has(id)) }));
}
