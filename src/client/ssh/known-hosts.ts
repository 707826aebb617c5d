import { createHmac } from "node:crypto";

/** A line of `known_hosts`. */
export interface KnownHost {
  /** Counted from 1. */
  readonly line: number;
  /** `@revoked`, or another mark. */
  readonly mark?: string;
  /** Names and patterns, or one name that is hashed. */
  readonly hosts: string;
  readonly type: string;
  readonly key: Buffer;
}

export interface HostName {
  readonly host: string;
  readonly port: number;
}

export type HostKeyVerdict =
  | { readonly kind: "known" }
  | { readonly kind: "unknown" }
  | { readonly kind: "changed" | "revoked"; readonly line: number };

/** Lines that make no sense are passed over, as ssh does. */
export function parseKnownHosts(text: string): readonly KnownHost[] {
  return text.split(/\r?\n/).flatMap((content, index): KnownHost[] => {
    const words = content.trim().split(/\s+/);
    const mark = words[0]?.startsWith("@") ? words.shift() : undefined;
    const [hosts, type, key] = words;
    if (hosts === undefined || type === undefined || key === undefined || hosts.startsWith("#")) return [];
    return [{ line: index + 1, ...(mark === undefined ? {} : { mark }), hosts, type, key: Buffer.from(key, "base64") }];
  });
}

/** What ssh itself would say with `StrictHostKeyChecking yes`. Certificates of hosts are not looked at. */
export function judgeHostKey(known: readonly KnownHost[], name: HostName, key: Buffer): HostKeyVerdict {
  const names = namesOf(name);
  const isOf = (text: string, { hosts }: KnownHost): boolean => matches(hosts, text);
  const revoked = known.find(
    (entry) => entry.mark === "@revoked" && entry.key.equals(key) && names.some((text) => isOf(text, entry)),
  );
  if (revoked !== undefined) return { kind: "revoked", line: revoked.line };
  const [exact = "", ...others] = names;
  const entries = known.filter((entry) => entry.mark === undefined && isOf(exact, entry));
  if (entries.some((entry) => entry.key.equals(key))) return { kind: "known" };
  const [other] = entries;
  if (other !== undefined) return { kind: "changed", line: other.line };
  // As ssh: of a port that nothing is known of, the machine's own key will do; another key proves nothing.
  const isOfMachine = (entry: KnownHost): boolean =>
    entry.mark === undefined && others.some((text) => isOf(text, entry));
  return known.some((entry) => isOfMachine(entry) && entry.key.equals(key)) ? { kind: "known" } : { kind: "unknown" };
}

/** The types of the keys that a host may show: one of these is to be asked for, as others are not known. */
export function knownKeyTypes(known: readonly KnownHost[], name: HostName): ReadonlySet<string> {
  const names = namesOf(name);
  const entries = known.filter(({ mark, hosts }) => mark === undefined && names.some((text) => matches(hosts, text)));
  return new Set(entries.map(({ type }) => type));
}

/** First the name that stands for this very port. */
function namesOf({ host, port }: HostName): readonly string[] {
  const name = host.toLowerCase();
  return port === 22 ? [name] : [`[${name}]:${port}`, name];
}

function matches(hosts: string, name: string): boolean {
  if (hosts.startsWith("|")) return matchesHashed(hosts, name);
  const patterns = hosts.toLowerCase().split(",");
  const isExcluded = patterns.some((pattern) => pattern.startsWith("!") && fits(pattern.slice(1), name));
  return !isExcluded && patterns.some((pattern) => fits(pattern, name));
}

/** `|1|salt|hash`: an HMAC-SHA1 of the name, so that the file does not tell where its owner has been. */
function matchesHashed(hosts: string, name: string): boolean {
  const [, version, salt = "", hash = ""] = hosts.split("|");
  if (version !== "1") return false;
  const own = createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest();
  return own.equals(Buffer.from(hash, "base64"));
}

/** `*` stands for any text, `?` for a character. */
function fits(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replace(/\*+/g, ".*")
    .replace(/\?/g, ".");
  return new RegExp(`^${source}$`).test(name);
}
