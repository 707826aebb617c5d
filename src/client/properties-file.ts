/** Reads `.testcontainers.properties`: `key=value` lines, `#` comments. Later lines win. Pure. */
export function parseProperties(text: string): ReadonlyMap<string, string> {
  const pairs = text.split(/\r?\n/).flatMap((line): [string, string][] => {
    const at = line.indexOf("=");
    if (at < 0 || line.trimStart().startsWith("#")) return [];
    return [[line.slice(0, at).trim(), line.slice(at + 1).trim()]];
  });
  return new Map(pairs);
}
