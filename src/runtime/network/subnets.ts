import { isIPv4 } from "node:net";
import { RuncibleError } from "../../internal/errors";

/** An IPv4 subnet as numbers, for arithmetic, and its first host address, which is the gateway unless one is given. */
export interface Subnet {
  readonly first: number;
  readonly size: number;
  readonly prefixLength: number;
  readonly gateway: string;
}

/** Docker's default pools, in its order: sixteen-bit networks first, then smaller ones. */
const pools: readonly string[] = [
  ...Array.from({ length: 15 }, (_, index) => `172.${17 + index}.0.0/16`),
  ...Array.from({ length: 16 }, (_, index) => `192.168.${16 * index}.0/20`),
];

/** The first of Docker's pools that is clear of every subnet in `taken` (CIDR). Throws `no-address-left`. */
export function chooseSubnet(taken: readonly string[]): { readonly subnet: string; readonly gateway: string } {
  const subnet = pools.find((pool) => !taken.some((other) => overlaps(pool, other)));
  if (subnet === undefined) {
    throw new RuncibleError(
      "no-address-left",
      "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network; remove unused networks or give a subnet",
    );
  }
  return { subnet, gateway: parseSubnet(subnet).gateway };
}

/**
 * Reads `172.20.0.0/16`; host bits are dropped. Throws `invalid-argument` unless it is IPv4 with a prefix of 1 to 30
 * bits.
 */
export function parseSubnet(text: string): Subnet {
  const subnet = parseRange(text);
  if (subnet.prefixLength < 1 || subnet.prefixLength > 30) throw invalidSubnet(text);
  return { ...subnet, gateway: formatAddress(subnet.first + 1) };
}

/** Whether two ranges (CIDR, any prefix length, also single addresses) share an address. */
export function overlaps(one: string, other: string): boolean {
  const a = parseRange(one);
  const b = parseRange(other);
  return a.first < b.first + b.size && b.first < a.first + a.size;
}

/** Whether the second range is a part of the first. */
export function contains(one: string, other: string): boolean {
  const a = parseRange(one);
  const b = parseRange(other);
  return a.first <= b.first && b.first + b.size <= a.first + a.size;
}

export function parseAddress(text: string): number {
  if (!isIPv4(text)) throw new RuncibleError("invalid-argument", `invalid IPv4 address: "${text}"`);
  return text.split(".").reduce((value, part) => value * 256 + Number(part), 0);
}

export function formatAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}

/** Of a range (CIDR): its first and last address. */
export function boundsOf(range: string): { readonly first: number; readonly last: number } {
  const { first, size } = parseRange(range);
  return { first, last: first + size - 1 };
}

function parseRange(text: string): Omit<Subnet, "gateway"> {
  const [address = "", bits = "32"] = text.split("/", 2);
  const prefixLength = Number(bits);
  if (!isIPv4(address) || !/^\d{1,2}$/.test(bits) || prefixLength > 32) throw invalidSubnet(text);
  const size = 2 ** (32 - prefixLength);
  return { first: Math.floor(parseAddress(address) / size) * size, size, prefixLength };
}

function invalidSubnet(text: string): RuncibleError {
  return new RuncibleError("invalid-argument", `invalid subnet "${text}"; give an IPv4 subnet such as 172.28.0.0/16`);
}
