import { isIPv4 } from "node:net";
import type { RecordType } from "dns-packet";

/** A sandbox on a network, as names see it. */
export interface NamedEndpoint {
  readonly networkId: string;
  readonly networkName: string;
  /** False on the default bridge: nobody is found by name there. */
  readonly answersNames: boolean;
  readonly isInternal: boolean;
  readonly address: string;
  readonly names: readonly string[];
  /** Asked in place of the host's resolvers; none: those. */
  readonly resolvers: readonly string[];
}

export interface NameQuestion {
  readonly name: string;
  readonly type: RecordType;
}

export type NameDecision =
  | { readonly kind: "addresses"; readonly addresses: readonly string[] }
  | { readonly kind: "pointer"; readonly name: string }
  /** The name exists, but not with the type asked for. */
  | { readonly kind: "empty" }
  | { readonly kind: "unknown" }
  /** No resolvers: the host's. */
  | { readonly kind: "forward"; readonly resolvers: readonly string[] }
  /** Not for the asking one: it is unknown, or has no way out. */
  | { readonly kind: "refuse" };

/** Who is called what, and who may know. A name is visible to the sandboxes that share a network with its owner. */
export interface DnsZone {
  /** Replaces what is known of a sandbox; no endpoints: forgets it. */
  set(sandboxId: string, endpoints: readonly NamedEndpoint[]): void;
  /** `source` is the address the question came from. */
  decide(source: string, question: NameQuestion): NameDecision;
}

export function createDnsZone(): DnsZone {
  const sandboxes = new Map<string, readonly NamedEndpoint[]>();
  let turn = 0;

  const networksOf = (source: string): readonly NamedEndpoint[] =>
    [...sandboxes.values()].find((endpoints) => endpoints.some(({ address }) => address === source)) ?? [];

  return {
    set: (sandboxId, endpoints) => {
      if (endpoints.length === 0) sandboxes.delete(sandboxId);
      else sandboxes.set(sandboxId, endpoints);
    },
    decide: (source, question) => {
      const own = networksOf(source);
      if (own.length === 0) return { kind: "refuse" };
      const networkIds = new Set(own.flatMap(({ networkId, answersNames }) => (answersNames ? [networkId] : [])));
      const visible = [...sandboxes.values()].flat().filter(({ networkId }) => networkIds.has(networkId));
      const found = lookUp(visible, question);
      if (found?.kind === "addresses") return { kind: "addresses", addresses: rotate(found.addresses, turn++) };
      if (found !== undefined) return found;
      // A single label means a container, except where there are none to be found by name.
      if (networkIds.size > 0 && isHostQuestion(question) && !question.name.includes(".")) return { kind: "unknown" };
      const resolvers = [...new Set(own.flatMap((endpoint) => endpoint.resolvers))];
      if (own.some(({ isInternal }) => !isInternal)) return { kind: "forward", resolvers };
      // Without a way out only a container can be asked.
      const reachable = resolvers.filter((resolver) => visible.some(({ address }) => address === resolver));
      return reachable.length === 0 ? { kind: "refuse" } : { kind: "forward", resolvers: reachable };
    },
  };
}

/** Undefined: it is nothing of a container. */
function lookUp(visible: readonly NamedEndpoint[], { name, type }: NameQuestion): NameDecision | undefined {
  if (type === "PTR") {
    const address = addressOfPointer(name);
    const owner = visible.find((endpoint) => endpoint.address === address);
    return owner && { kind: "pointer", name: pointerName(owner) };
  }
  const wanted = name.toLowerCase();
  const addresses = visible.filter((endpoint) => isCalled(endpoint, wanted)).map(({ address }) => address);
  if (addresses.length === 0) return undefined;
  return type === "A" ? { kind: "addresses", addresses: [...new Set(addresses)] } : { kind: "empty" };
}

function isCalled({ names, networkName }: NamedEndpoint, wanted: string): boolean {
  const suffix = `.${networkName.toLowerCase()}`;
  return names.some((name) => {
    const own = name.toLowerCase();
    return wanted === own || wanted === `${own}${suffix}`;
  });
}

function pointerName({ names, networkName, address }: NamedEndpoint): string {
  return `${names[0] ?? address}.${networkName}`;
}

/** Reads `2.0.18.172.in-addr.arpa`. */
function addressOfPointer(name: string): string | undefined {
  const reversed = /^(.+)\.in-addr\.arpa$/i.exec(name)?.[1];
  const address = reversed?.split(".").reverse().join(".");
  return address !== undefined && isIPv4(address) ? address : undefined;
}

function isHostQuestion({ name, type }: NameQuestion): boolean {
  return name !== "" && (type === "A" || type === "AAAA");
}

function rotate<T>(items: readonly T[], turn: number): readonly T[] {
  const start = turn % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}
