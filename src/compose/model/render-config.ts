import type { Project } from "./project";

/** The project as a compose file of its own: all in long forms, nothing left to replace. */
export function renderConfig(project: Project, format: "yaml" | "json"): string {
  const document = escaped({
    name: project.name,
    services: project.services,
    ...Object.fromEntries(
      (["networks", "volumes", "secrets", "configs"] as const)
        .filter((section) => Object.keys(project[section]).length > 0)
        .map((section) => [section, withoutDefaults(project[section])]),
    ),
  });
  if (format === "json") return `${JSON.stringify(document, null, 2)}\n`;
  const { stringify } = require("yaml") as typeof import("yaml");
  return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
}

/** What is not external need not be said so. */
function withoutDefaults(resources: Readonly<Record<string, object>>): Readonly<Record<string, object>> {
  const entries = Object.entries(resources).map(([key, resource]) => {
    const kept = Object.entries(resource).filter(([name, value]) => name !== "external" || value === true);
    return [key, Object.fromEntries(kept)] as const;
  });
  return Object.fromEntries(entries);
}

/** A dollar sign that is meant is written twice; a null in the model is not written. */
function escaped(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$", "$$$$");
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, escaped(child)]));
}
