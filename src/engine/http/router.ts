import type { Route } from "./request";
import { decodePathPart } from "./request-target";

export interface Match {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
}

/** Finds the first route of the table that fits; undefined if none does. Throws `invalid-argument` for bad encoding. */
export type Router = (method: string, path: string) => Match | undefined;

/** Patterns are compiled once. The order of the table decides between routes that both fit. */
export function createRouter(routes: readonly Route[]): Router {
  const compiled = routes.map((route) => ({ route, expression: compile(route.pattern) }));
  const find = (method: string, path: string): Match | undefined => {
    for (const { route, expression } of compiled) {
      if (route.method !== method) continue;
      const groups = expression.exec(path);
      if (groups !== null) return { route, params: decodeParams(groups.groups ?? {}) };
    }
    return undefined;
  };
  return (method, path) => find(method, path) ?? (method === "HEAD" ? find("GET", path) : undefined);
}

/** `:name` is one part of the path; `:name*` takes as many as it can while what follows still fits. */
function compile(pattern: string): RegExp {
  const source = pattern
    .split("/")
    .map((part) => {
      const match = /^:(\w+)(\*?)$/.exec(part);
      if (match === null) return escapeText(part);
      return `(?<${match[1]}>${match[2] === "*" ? ".+" : "[^/]+"})`;
    })
    .join("/");
  return new RegExp(`^${source}$`);
}

function escapeText(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

function decodeParams(groups: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decodePathPart(value)]));
}
