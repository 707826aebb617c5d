import { RuncibleError } from "../../internal/errors";
import { booleanFilter, type Filters, matchesLabels, patternFilter } from "../../wire/filters";
import type { NetworkView } from "../routes/network-service";
import { isPredefined } from "./network-record";

/** Throws `invalid-argument` for a type that there is none of. */
export function checkTypeFilter(filters: Filters): void {
  for (const type of filters.get("type") ?? []) {
    if (type !== "custom" && type !== "builtin") {
      throw new RuncibleError("invalid-argument", `invalid filter: 'type'='${type}'`);
    }
  }
}

/** Whether a list with these filters shows the network. */
export function matchesFilters(view: NetworkView, filters: Filters): boolean {
  const any = (key: string, accepts: (value: string) => boolean): boolean => {
    const values = filters.get(key) ?? [];
    return values.length === 0 || values.some(accepts);
  };
  const dangling = booleanFilter(filters, "dangling");
  const kind = isPredefined(view.name) ? "builtin" : "custom";
  return (
    matchesLabels(view.labels, filters) &&
    any("id", (value) => view.id.startsWith(value)) &&
    patternFilter(filters, "name")(view.name) &&
    any("driver", (value) => view.driver === value) &&
    any("type", (value) => value === kind) &&
    any("scope", (value) => value === "local") &&
    (dangling === undefined || dangling === (kind === "custom" && view.endpoints.length === 0))
  );
}
