import type { Values } from "../model/project";

/** Every value as text; nothing is an empty text. */
export function textMap(values: Values | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(values ?? {}).map(([key, value]) => [key, value === null ? "" : String(value)]),
  );
}
