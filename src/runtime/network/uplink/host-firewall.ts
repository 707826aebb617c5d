import { readFile } from "node:fs/promises";
import { hasCode } from "../../../internal/errors";
import { run, runUnchecked } from "../../../internal/exec";

/** A rule in another's firewall, to be taken back. */
export interface FirewallPass {
  close(): Promise<void>;
}

const comment = "runcible";

/** A rule of ours, of this engine or an earlier one. */
interface PassRule {
  readonly chain: string;
  readonly direction: "-i" | "-o";
  readonly link: string;
}

/**
 * A docker daemon, and other firewalls, set the host's FORWARD policy to drop, and no accept of ours in another table
 * overrides that. So the uplink is let through in that table. Rules for links that are gone, left by an engine that was
 * killed, let nothing through; they are removed on this occasion.
 * A firewall that is set up while an engine runs is not noticed before the next one.
 */
export async function passHostFirewall(link: string): Promise<FirewallPass | undefined> {
  const listing = await filterRules();
  const chain = chooseChain(listing);
  for (const rule of await staleRules(listing, link)) await removeRule(rule);
  if (chain === undefined) return undefined;
  const rules = (["-i", "-o"] as const).map((direction) => ({ chain, direction, link }));
  for (const rule of rules) await run("iptables", ["--wait", "-I", ...wordsOf(rule)]);
  return {
    close: async () => {
      for (const rule of rules) await removeRule(rule);
    },
  };
}

/** Empty where there is no iptables. */
async function filterRules(): Promise<string> {
  try {
    const { stdout, exitCode } = await runUnchecked("iptables", ["--wait", "-S"]);
    return exitCode === 0 ? stdout : "";
  } catch (error) {
    if (hasCode(error, "tool-missing")) return "";
    throw error;
  }
}

/**
 * Docker's chain for users' rules outlives the daemon and its bridge, and so does the policy; Docker keeps it first
 * when it starts anew. Reads `iptables -S`. Undefined: nothing is in the way.
 */
export function chooseChain(listing: string): string | undefined {
  if (/^-N DOCKER-USER$/m.test(listing)) return "DOCKER-USER";
  return /^-P FORWARD DROP$/m.test(listing) ? "FORWARD" : undefined;
}

function wordsOf({ chain, direction, link }: PassRule): readonly string[] {
  return [chain, direction, link, "-m", "comment", "--comment", comment, "-j", "ACCEPT"];
}

/** Someone may have flushed the chain in the meantime. */
async function removeRule(rule: PassRule): Promise<void> {
  await runUnchecked("iptables", ["--wait", "-D", ...wordsOf(rule)]);
}

/** Rules for our own link are those of an engine before us with the same id. */
async function staleRules(listing: string, own: string): Promise<readonly PassRule[]> {
  const rules = parseRules(listing);
  if (rules.length === 0) return [];
  const links = parseLinks(await readFile("/proc/net/dev", "utf8"));
  return rules.filter(({ link }) => link === own || !links.includes(link));
}

/** Reads our rules out of `iptables -S`. */
export function parseRules(listing: string): readonly PassRule[] {
  const matches = listing.matchAll(
    /^-A (DOCKER-USER|FORWARD) (-[io]) (\S+) -m comment --comment "?runcible"? -j ACCEPT$/gm,
  );
  return [...matches].map(([, chain = "", direction, link = ""]) => ({
    chain,
    direction: direction === "-i" ? "-i" : "-o",
    link,
  }));
}

/** Reads /proc/net/dev, which shows the links of the reader's namespace, unlike a /sys that was mounted in another. */
export function parseLinks(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []);
}
