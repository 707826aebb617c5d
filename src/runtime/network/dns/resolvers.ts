import { readFile, stat } from "node:fs/promises";
import { isIP } from "node:net";

/** The host's resolvers as of now: a laptop changes them with each network it joins. */
export interface ResolverList {
  current(): Promise<readonly string[]>;
}

/**
 * Reads the file again when it has changed. A missing file means what it means to the C library: one on this machine.
 */
export function watchResolvers(path: string): ResolverList {
  let seen: { readonly mtimeMs: number; readonly addresses: readonly string[] } | undefined;
  return {
    current: async () => {
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: -1 }));
      if (seen?.mtimeMs !== mtimeMs) {
        seen = { mtimeMs, addresses: parseResolvers(await readFile(path, "utf8").catch(() => "")) };
      }
      return seen.addresses;
    },
  };
}

/** The `nameserver` lines of resolv.conf(5), at most three as in the C library. */
export function parseResolvers(text: string): readonly string[] {
  const addresses = text.split("\n").flatMap((line) => {
    const address = /^\s*nameserver\s+(\S+)/.exec(line)?.[1];
    return address !== undefined && isIP(address.replace(/%.*$/, "")) !== 0 ? [address] : [];
  });
  return addresses.length === 0 ? ["127.0.0.1"] : addresses.slice(0, 3);
}
