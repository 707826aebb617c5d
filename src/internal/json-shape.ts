/**
 * Whether a value is an object whose entries are of these kinds: for what comes out of files that people may edit.
 * Pure.
 */
export function hasShape(value: unknown, shape: Readonly<Record<string, "string" | "object" | "array">>): boolean {
  if (typeof value !== "object" || value === null) return false;
  const entries = value as Readonly<Record<string, unknown>>;
  return Object.entries(shape).every(([key, kind]) => {
    const entry = entries[key];
    if (kind === "array") return Array.isArray(entry);
    return typeof entry === kind && entry !== null && !Array.isArray(entry);
  });
}
