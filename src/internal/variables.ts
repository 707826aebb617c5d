/** Each variable of an environment (`NAME=VALUE`, or a bare name) once: its last entry, in the place of its first. */
export function uniqueVariables(entries: readonly string[]): readonly string[] {
  return [...new Map(entries.map((entry) => [nameOf(entry), entry])).values()];
}

/** Those of `others` whose names `own` lacks come behind it. */
export function withMissingVariables(own: readonly string[], others: readonly string[]): readonly string[] {
  const names = new Set(own.map(nameOf));
  return [...own, ...others.filter((entry) => !names.has(nameOf(entry)))];
}

function nameOf(entry: string): string {
  return entry.split("=", 1)[0] ?? "";
}
