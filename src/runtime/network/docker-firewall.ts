import { readFile } from "node:fs/promises";
import { hasCode } from "../../internal/errors";
import { run, runUnchecked } from "../../internal/exec";

/** A rule in another's firewall, to be taken back. */
export interface FirewallPass {
  close(): Promise<void>;
}

const comment = "runcible";

/**
 * A docker daemon sets the host's FORWARD policy to drop, and no accept of ours in another table overrides that. So where
 * its chain for users' rules exists, the uplink is let through there. Rules for links that are gone, left by an engine
 * that was killed, let nothing through; they are removed on this occasion.
 * A daemon that is installed while an engine runs is not noticed before the next one.
 */
export async function passDockerFirewall(link: string): Promise<FirewallPass | undefined> {
  const listing = await dockerChain();
  if (listing === undefined) return undefined;
  for (const rule of await staleRules(listing, link)) await removeRule(rule);
  const rules = [ruleFor("-i", link), ruleFor("-o", link)];
  for (const rule of rules) await run("iptables", ["--wait", "-I", "DOCKER-USER", ...rule]);
  return {
    close: async () => {
      for (const rule of rules) await removeRule(rule);
    },
  };
}

/** Undefined: there is none, or no iptables. The chain outlives the daemon and its bridge, and so does the policy. */
async function dockerChain(): Promise<string | undefined> {
  try {
    const { stdout, exitCode } = await runUnchecked("iptables", ["--wait", "-S", "DOCKER-USER"]);
    return exitCode === 0 ? stdout : undefined;
  } catch (error) {
    if (hasCode(error, "tool-missing")) return undefined;
    throw error;
  }
}

function ruleFor(direction: "-i" | "-o", link: string): readonly string[] {
  return [direction, link, "-m", "comment", "--comment", comment, "-j", "ACCEPT"];
}

/** Someone may have flushed the chain in the meantime. */
async function removeRule(rule: readonly string[]): Promise<void> {
  await runUnchecked("iptables", ["--wait", "-D", "DOCKER-USER", ...rule]);
}

/** Rules for our own link are those of an engine before us with the same id. */
async function staleRules(listing: string, own: string): Promise<readonly (readonly string[])[]> {
  const matches = [...listing.matchAll(/^-A DOCKER-USER (-[io]) (\S+) -m comment --comment "?runcible"? -j ACCEPT$/gm)];
  if (matches.length === 0) return [];
  const links = parseLinks(await readFile("/proc/net/dev", "utf8"));
  return matches.flatMap(([, direction, link = ""]) =>
    link !== own && links.includes(link) ? [] : [ruleFor(direction === "-i" ? "-i" : "-o", link)],
  );
}

/** Reads /proc/net/dev, which shows the links of the reader's namespace, unlike a /sys that was mounted in another. */
export function parseLinks(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []);
}
