import { run } from "../../internal/exec";

/** IPv4 ranges (CIDR) that the host reaches by a route of its own, the default route left out. */
export async function hostRoutes(): Promise<string[]> {
  const { stdout } = await run("ip", ["-4", "route", "show", "table", "all"]);
  return parseRoutes(stdout);
}

/**
 * Reads `ip route show`. Routes of all kinds count (unicast, local, blackhole), since each says that a range is spoken
 * for.
 */
export function parseRoutes(text: string): string[] {
  const ranges = text.split("\n").flatMap((line) => {
    const range = /^(?:[a-z]+ )?(\d+\.\d+\.\d+\.\d+(?:\/\d+)?)(?= |$)/.exec(line)?.[1];
    return range === undefined || range.endsWith("/0") ? [] : [range];
  });
  return [...new Set(ranges)];
}
