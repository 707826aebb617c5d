import type { Project } from "../../compose/model/project";
import { replicasOf } from "../../compose/plan/container-names";
import { RuncibleError } from "../../internal/errors";
import { nearestWord } from "../../internal/nearest-word";

/** Containers of services by their number, over what the files say. */
type Scale = Readonly<Record<string, number>>;

/**
 * A wait strategy is for a container, `web-1` or its `container_name`, or for all containers of a service, `web`. A
 * name that is neither would otherwise show as a service that is used too early. Throws `invalid-argument`.
 */
export function checkWaitTargets(
  { services, inactiveServices }: Pick<Project, "services" | "inactiveServices">,
  names: readonly string[],
  scale: Scale = {},
): void {
  const containers = Object.entries(services).flatMap(([service, settings]) => {
    const count = scale[service] ?? replicasOf(settings);
    return Array.from({ length: count }, (_, index) => settings.container_name ?? `${service}-${index + 1}`);
  });
  const known = [...Object.keys(services), ...containers];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const inactive = inactiveServices.find((service) => service === unknown || service === serviceOf(unknown));
  if (inactive !== undefined) {
    throw unknownTarget(unknown, `the profile of service "${inactive}" is not active; add it with withProfiles`);
  }
  const ofService = containers.filter((name) => serviceOf(name) === serviceOf(unknown));
  const near = ofService.length > 0 ? undefined : nearestWord(unknown, known);
  const hint = near === undefined ? "" : `did you mean ${near}? `;
  throw unknownTarget(unknown, `${hint}${knownNames(containers)}`);
}

/** As far as can be told when another program has read the files: by the containers that it made. */
export function checkMadeTargets(
  made: readonly { readonly name: string; readonly service: string }[],
  names: readonly string[],
): void {
  const unknown = names.find((name) => !made.some((one) => one.name === name || one.service === name));
  if (unknown !== undefined) throw unknownTarget(unknown, knownNames(made.map(({ name }) => name)));
}

function unknownTarget(name: string, advice: string): RuncibleError {
  return new RuncibleError(
    "invalid-argument",
    `wait for container "${name}": no service of the compose files makes it; ${advice}`,
    { evidence: { containerName: name } },
  );
}

function knownNames(containers: readonly string[]): string {
  return containers.length === 0 ? "they make no container" : `the containers are ${containers.join(", ")}`;
}

function serviceOf(container: string): string {
  return container.replace(/-\d+$/, "");
}
