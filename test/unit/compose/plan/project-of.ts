import type { Project, Service } from "../../../../src/compose/model/project";
import { createContainer } from "../../../../src/compose/plan/create-container";
import { label } from "../../../../src/compose/plan/labels";
import type { Observed, ObservedContainer } from "../../../../src/compose/plan/observed";
import type { Operation } from "../../../../src/compose/plan/operation";

/** A project of services on its default network, as loading makes it. */
export function projectOf(services: Readonly<Record<string, Service>>, rest: Partial<Project> = {}): Project {
  const joined = Object.entries(services).map(([name, service]) => [
    name,
    { image: "x", ...(service.network_mode === undefined ? { networks: { default: {} } } : {}), ...service },
  ]);
  return {
    name: "p",
    workingFolder: "/w",
    files: ["/w/compose.yaml"],
    services: Object.fromEntries(joined),
    networks: { default: { name: "p_default", external: false } },
    volumes: {},
    secrets: {},
    configs: {},
    inactiveServices: [],
    profiles: [],
    warnings: [],
    ...rest,
  };
}

export const nothing: Observed = { containers: [], networks: [], volumes: [], images: new Map([["x", "sha256:x"]]) };

/** What is there after the project came up: its network, and these containers, `a-1` of service `a`. */
export function running(project: Project, ...names: string[]): Observed {
  const networks = [{ name: "p_default", labels: { [label.project]: "p" } }];
  return { ...nothing, networks, containers: names.map((name) => containerOf(project, name)) };
}

export function containerOf(
  project: Project,
  name: string,
  changes: Partial<ObservedContainer> = {},
): ObservedContainer {
  const [, service = "", number = "1"] = /^(.*)-(\d+)$/.exec(name) ?? [];
  const isKnown = Object.hasOwn(project.services, service);
  const labels = isKnown
    ? createContainer({ project, service, number: Number(number), digests: new Map() }).body.Labels
    : { [label.project]: "p", [label.service]: service };
  return {
    id: `id-${name}`,
    name: `p-${name}`,
    service,
    number: Number(number),
    isRunning: true,
    imageId: "sha256:x",
    labels: labels ?? {},
    volumes: [],
    ...changes,
  };
}

/** `start p-a-1 < create p-a-1, start p-b-1`: a step and what it waits for. */
export function shown(operations: readonly Operation[]): string[] {
  return operations.map(({ id, after }) => (after.length === 0 ? id : `${id} < ${after.join(", ")}`));
}
