import { durationMs } from "../../../src/compose/load/units";
import type { Project } from "../../../src/compose/model/project";

/** What a project says, in one order and in one way of writing, without what is the same for whoever reads it. */
export function comparableProject(
  project: Project,
): Pick<Project, "services" | "networks" | "volumes" | "secrets" | "configs"> {
  const { services, networks, volumes, secrets, configs } = project;
  return uniform({ services, networks, volumes, secrets, configs }) as typeof project;
}

function uniform(value: unknown, key = ""): unknown {
  if (
    typeof value === "string" &&
    /^(interval|timeout|start_period|start_interval|stop_grace_period|window)$/.test(key)
  ) {
    return String(durationMs(value));
  }
  if (value === null) return "";
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => uniform(item)).map((item) => ({ item, text: JSON.stringify(item) }));
    return items.toSorted((left, right) => (left.text < right.text ? -1 : 1)).map(({ item }) => item);
  }
  const told = Object.entries(value).filter(([name, child]) => !isDefault(name, child, value));
  const pairs = told.map(([name, child]) => [name, uniform(child, name)] as const);
  return Object.fromEntries(pairs.toSorted(([left], [right]) => (left < right ? -1 : 1)));
}

/** What is the same said or not. */
function isDefault(key: string, value: unknown, parent: { readonly source?: unknown }): boolean {
  if (key === "dockerfile") return value === "Dockerfile";
  if (key === "target") return value === `/run/secrets/${String(parent.source)}`;
  return key === "depends_on" && JSON.stringify(value) === "{}";
}
