import { RuncibleError } from "../../internal/errors";
import {
  booleanFilter,
  checkFilterKeys,
  type Filters,
  matchesAny,
  matchesLabels,
  patternFilter,
} from "../../wire/filters";
import type { ContainerPort } from "../../wire/ports";
import type { ContainerStatus, ContainerView, EndpointView } from "./container-view";

export interface Selection {
  /** Not only running ones. A filter for a status implies it. */
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
  const anyState = all || isLimited || filters.has("status");
  const newestFirst = [...views].sort((left, right) => (left.createdAt < right.createdAt ? 1 : -1));
  const selected = newestFirst.filter(
    (view) => (anyState || isUp(view)) && matches(view, filters) && isInOrder(view, views, filters),
  );
  return isLimited ? selected.slice(0, limit) : selected;
}

function matches(view: ContainerView, filters: Filters): boolean {
  const any = (key: string, accepts: (value: string) => boolean): boolean => matchesAny(filters, key, accepts);
  const { config, state, endpoints, mounts } = view;
  // Tried on the name with and without its slash: clients rely on `^…$` and on `^/…$`.
  const hasWantedName = patternFilter(filters, "name");
  const isTask = booleanFilter(filters, "is-task");
  return (
    matchesLabels(config.labels, filters) &&
    any("id", (id) => view.id.startsWith(id)) &&
    (hasWantedName(view.name) || hasWantedName(`/${view.name}`)) &&
    any("status", (status) => state.status === status) &&
    any("exited", (code) => hasEnded(view) && String(state.exitCode) === code) &&
    any("health", (health) => (state.health?.status ?? "none") === health) &&
    any("ancestor", (image) => isAncestor(view, image)) &&
    any("network", (ref) => endpoints.some((endpoint) => isNetwork(endpoint, ref))) &&
    any("volume", (ref) => mounts.some(({ name, source, target }) => [name, source, target].includes(ref))) &&
    any("publish", (text) => isAmong(hostPorts(view), text, "publish")) &&
    any("expose", (text) => isAmong(config.exposedPorts, text, "expose")) &&
    isTask !== true
  );
}

function isAncestor({ imageId, spec }: ContainerView, image: string): boolean {
  const withTag = (name: string): string => (/[:@][^/]*$/.test(name) ? name : `${name}:latest`);
  const plainId = imageId.replace("sha256:", "");
  const isId = /^(sha256:)?[0-9a-f]{4,64}$/.test(image) && plainId.startsWith(image.replace("sha256:", ""));
  return isId || withTag(spec.image) === withTag(image);
}

function isNetwork({ network, networkId }: EndpointView, ref: string): boolean {
  return network === ref || (networkId !== "" && ref !== "" && networkId.startsWith(ref));
}

/** What `publish` asks for is the port of the host, with the protocol of the container's. */
function hostPorts({ ports }: ContainerView): readonly ContainerPort[] {
  return ports.flatMap(({ containerPort: { protocol }, bindings }) =>
    bindings.map(({ hostPort }) => ({ port: hostPort, protocol })),
  );
}

/** `text` is a port or a range of ports, of TCP unless it says otherwise. Throws `invalid-argument`. */
function isAmong(ports: readonly ContainerPort[], text: string, key: string): boolean {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(\w+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || last < first) {
    throw new RuncibleError("invalid-argument", `Invalid filter '${key}=${text}': want a port or a range of ports`);
  }
  const protocol = match[3] ?? "tcp";
  return ports.some((port) => port.protocol === protocol && port.port >= first && port.port <= last);
}

function isUp({ state }: ContainerView): boolean {
  return state.status === "running" || state.status === "paused" || state.status === "restarting";
}

function hasEnded({ state }: ContainerView): boolean {
  return state.status === "exited" || state.status === "dead";
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
