import type { ImageRunConfig } from "../../runtime/image/manifest";
import type { Variables } from "../dockerfile/expand";

/** The environment of a configuration, by name. */
export function variablesIn({ Env }: ImageRunConfig): Variables {
  const entries = (Env ?? []).map((entry) => {
    const equals = entry.indexOf("=");
    return [entry.slice(0, equals), entry.slice(equals + 1)] as const;
  });
  return new Map(entries);
}
