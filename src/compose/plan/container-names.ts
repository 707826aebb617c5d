import type { Project, Service } from "../model/project";

/** `<project>-<service>-<number>`, unless the file gives a name. */
export function containerName(project: Project, service: string, number: number): string {
  return project.services[service]?.container_name ?? `${project.name}-${service}-${number}`;
}

/** The image a service runs: the one it names, or the one that its build makes. */
export function imageOf(project: Project, name: string): string {
  return project.services[name]?.image ?? `${project.name}-${name}`;
}

/** How many containers the file asks for. */
export function replicasOf({ scale, deploy }: Service): number {
  return scale ?? deploy?.replicas ?? 1;
}

export function imagesOf(project: Project): readonly string[] {
  return [...new Set(Object.keys(project.services).map((name) => imageOf(project, name)))];
}
