import type { Project } from "../../compose/model/project";
import { RuncibleError } from "../../internal/errors";
import { nearestWord } from "../../internal/nearest-word";

/**
 * A name that no container of the files can have is a mistake that would otherwise show as a service that is used too
 * early. A service's own name is let through, as testcontainers does, and warned of later. Throws `invalid-argument`.
 */
export function checkWaitTargets({ services }: Pick<Project, "services">, names: readonly string[]): void {
  const known = Object.entries(services).flatMap(([service, { container_name }]) => [
    service,
    container_name ?? `${service}-1`,
  ]);
  const unknown = names.find((name) => !known.includes(name) && services[name.replace(/-\d+$/, "")] === undefined);
  if (unknown === undefined) return;
  const near = nearestWord(unknown, known);
  const advice =
    near === undefined
      ? `it has ${known.filter((name) => services[name] === undefined).join(", ")}`
      : `did you mean ${near}?`;
  throw new RuncibleError(
    "invalid-argument",
    `wait for container "${unknown}": no service of the compose files makes it; ${advice}`,
    { evidence: { containerName: unknown } },
  );
}
