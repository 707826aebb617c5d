import { RuncibleError } from "../../internal/errors";
import { checkFilterKeys, type Filters, matchesAny } from "../../wire/filters";
import { decodeUntil } from "../until";

/** What of the build cache a prune takes. */
export interface CacheSelection {
  /** Of a step: whether it may go. */
  takesStep(step: { readonly id: string; readonly usedAtMs: number }): boolean;
  /** Whether the caches of `RUN --mount=type=cache` go, too: nobody notes when one was used last. */
  readonly takesMounts: boolean;
}

/**
 * Reads the filters of `POST /build/prune`: those that BuildKit has, and `label`, which Docker's command line passes on
 * from `docker system prune` and BuildKit takes no notice of. No step is in use, shared or another's child. `now`:
 * milliseconds since 1970. Throws `invalid-argument`.
 */
export function selectCache(filters: Filters, now: number): CacheSelection {
  checkFilterKeys(filters, [...ages, ...Object.keys(flags), ...texts, "id", "label", "label!"]);
  const times = ages.flatMap((key) => filters.get(key) ?? []);
  if (times.length > 1) throw new RuncibleError("invalid-argument", "filters expect only one value: until");
  const [usedBefore] = times.map((text) => decodeUntil(text, now));
  const fits = (kind: string): boolean =>
    matchesAny(filters, "type", (type) => type === kind) &&
    ["parent", "description"].every((key) => matchesAny(filters, key, (text) => text === "")) &&
    Object.entries(flags).every(([key, isSet]) => matchesAny(filters, key, (text) => isYes(text) === isSet));
  const isStepWanted = fits("regular");
  return {
    takesStep: ({ id, usedAtMs }) =>
      isStepWanted &&
      (usedBefore === undefined || usedAtMs <= usedBefore) &&
      matchesAny(filters, "id", (wanted) => id === wanted),
    takesMounts: fits("exec.cachemount") && usedBefore === undefined && !filters.has("id"),
  };
}

const ages = ["until", "unused-for"];
const texts = ["type", "parent", "description"];
/** Of everything that is remembered. */
const flags: Readonly<Record<string, boolean>> = { inuse: false, shared: false, private: true };

/** `inuse` alone asks for what is. */
function isYes(text: string): boolean {
  return !/^(0|f|false)$/i.test(text);
}
