import type { Project } from "../model/project";

/**
 * The services and all they depend on, each after what it depends on. Nothing depends on itself: loading saw to that.
 */
export function inDependencyOrder(project: Project, names: readonly string[]): readonly string[] {
  const order = new Set<string>();
  const visit = (name: string): void => {
    if (order.has(name)) return;
    for (const other of Object.keys(project.services[name]?.depends_on ?? {})) visit(other);
    order.add(name);
  };
  for (const name of names) visit(name);
  return [...order].filter((name) => Object.hasOwn(project.services, name));
}

/** Services whose containers lend a part of themselves: a namespace, or their volumes. */
export function lendersOf(project: Project, name: string): readonly string[] {
  const { network_mode, pid, ipc, volumes_from = [] } = project.services[name] ?? {};
  const modes = [network_mode, pid, ipc].flatMap((mode) => (mode?.startsWith("service:") ? [mode.slice(8)] : []));
  const sources = volumes_from.filter((text) => !text.startsWith("container:")).map((text) => text.split(":")[0] ?? "");
  return [...new Set([...modes, ...sources])];
}
