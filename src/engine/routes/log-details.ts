import type { ContainerView } from "./container-view";

/**
 * What `docker logs --details` shows before a line: the labels and variables that the log options `labels` and `env`
 * name, as `a=1,b=2`. Empty without any.
 */
export function logDetails({ spec, config }: Pick<ContainerView, "spec" | "config">): string {
  const variables = Object.fromEntries(
    config.environment.map((variable) => {
      const [name = "", ...rest] = variable.split("=");
      return [name, rest.join("=")];
    }),
  );
  const { labels = "", env = "" } = spec.logs.options;
  const picked = { ...pick(config.labels, labels), ...pick(variables, env) };
  return Object.entries(picked)
    .map(([name, value]) => `${queryEscape(name)}=${queryEscape(value)}`)
    .sort()
    .join(",");
}

function pick(values: Readonly<Record<string, string>>, names: string): Readonly<Record<string, string>> {
  const wanted = new Set(names.split(","));
  return Object.fromEntries(Object.entries(values).filter(([name]) => wanted.has(name)));
}

/** As Go does it. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replace(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll("%20", "+");
}
