import { RuncibleError } from "../../internal/errors";
import { booleanFilter, checkFilterKeys, type Filters, matchesAny, matchesLabels } from "../../wire/filters";
import { formatPortKey } from "../../wire/ports";
import type { ContainerStatus, ContainerView } from "./container-view";

export interface Selection {
  /** Not only running ones. Some filters imply it. */
  readonly all: boolean;
  /** The newest so many, running or not; absent or not positive: no limit. */
  readonly limit?: number;
  readonly filters: Filters;
}

const filterKeys =
  "ancestor before exited expose health id is-task isolation label label! name network publish since status volume".split(
    " ",
  );
const statuses: readonly ContainerStatus[] = [
  "created",
  "running",
  "paused",
  "restarting",
  "removing",
  "exited",
  "dead",
];

/** The containers a list request asks for, newest first. Throws `invalid-argument` for unknown filters and values. */
export function selectContainers(
  views: readonly ContainerView[],
  { all, limit, filters }: Selection,
): readonly ContainerView[] {
  checkFilterKeys(filters, filterKeys);
  checkValues(filters, "status", statuses);
  checkValues(filters, "health", ["starting", "healthy", "unhealthy", "none"]);
  checkExitCodes(filters);
  const isLimited = limit !== undefined && limit > 0;
  const anyState = all || isLimited || filters.has("status") || filters.has("exited") || hasOrder(filters);
  const newestFirst = [...views].sort((left, right) => (left.createdAt < right.createdAt ? 1 : -1));
  const selected = newestFirst.filter(
    (view) => (anyState || isUp(view)) && matches(view, filters) && isInOrder(view, views, filters),
  );
  return isLimited ? selected.slice(0, limit) : selected;
}

function matches(view: ContainerView, filters: Filters): boolean {
  const any = (key: string, accepts: (value: string) => boolean): boolean => matchesAny(filters, key, accepts);
  const { config, state, endpoints, mounts, ports } = view;
  return (
    matchesLabels(config.labels, filters) &&
    any("id", (id) => view.id.startsWith(id)) &&
    any("name", (pattern) => matchesName(view.name, pattern)) &&
    any("status", (status) => state.status === status) &&
    any("exited", (code) => hasEnded(view) && String(state.exitCode) === code) &&
    any("health", (health) => (state.health?.status ?? "none") === health) &&
    any("ancestor", (image) => isAncestor(view, image)) &&
    any("network", (ref) => endpoints.some(({ network, networkId }) => network === ref || networkId === ref)) &&
    any("volume", (ref) => mounts.some(({ name, target }) => name === ref || target === ref)) &&
    any("publish", (port) =>
      ports.some((p) => p.bindings.length > 0 && isPort(formatPortKey(p.containerPort), port)),
    ) &&
    any("expose", (port) => config.exposedPorts.some((exposed) => isPort(formatPortKey(exposed), port))) &&
    booleanFilter(filters, "is-task") !== true
  );
}

/** A regular expression, tried on the name with and without its slash: clients rely on `^…$` and on `^/…$`. */
function matchesName(name: string, pattern: string): boolean {
  try {
    const expression = new RegExp(pattern);
    return expression.test(name) || expression.test(`/${name}`);
  } catch (cause) {
    throw new RuncibleError("invalid-argument", `Invalid filter 'name=${pattern}'`, { cause });
  }
}

function isAncestor({ imageId, spec }: ContainerView, image: string): boolean {
  const withTag = (name: string): string => (/[:@][^/]*$/.test(name) ? name : `${name}:latest`);
  const plainId = imageId.replace("sha256:", "");
  const isId = /^(sha256:)?[0-9a-f]{4,64}$/.test(image) && plainId.startsWith(image.replace("sha256:", ""));
  return isId || withTag(spec.image) === withTag(image);
}

function isPort(key: string, wanted: string): boolean {
  return key === (wanted.includes("/") ? wanted : `${wanted}/tcp`);
}

function isUp({ state }: ContainerView): boolean {
  return state.status === "running" || state.status === "paused" || state.status === "restarting";
}

function hasEnded({ state }: ContainerView): boolean {
  return state.status === "exited" || state.status === "dead";
}

function hasOrder(filters: Filters): boolean {
  return filters.has("before") || filters.has("since");
}

/** `before` and `since` name other containers. */
function isInOrder(view: ContainerView, views: readonly ContainerView[], filters: Filters): boolean {
  const find = (ref: string): ContainerView => {
    const found = views.find(({ id, name }) => name === ref.replace(/^\//, "") || id.startsWith(ref));
    if (found === undefined) throw new RuncibleError("container-not-found", `No such container: ${ref}`);
    return found;
  };
  return (
    matchesAny(filters, "before", (ref) => view.createdAt < find(ref).createdAt) &&
    matchesAny(filters, "since", (ref) => view.createdAt > find(ref).createdAt)
  );
}

function checkExitCodes(filters: Filters): void {
  for (const code of filters.get("exited") ?? []) {
    if (!/^-?\d+$/.test(code)) {
      throw new RuncibleError(
        "invalid-argument",
        `invalid filter 'exited=${code}': strconv.Atoi: parsing "${code}": invalid syntax`,
      );
    }
  }
}

function checkValues(filters: Filters, key: string, known: readonly string[]): void {
  for (const value of filters.get(key) ?? []) {
    if (!known.includes(value)) throw new RuncibleError("invalid-argument", `Invalid filter '${key}=${value}'`);
  }
}
