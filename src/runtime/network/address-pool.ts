import { RuncibleError } from "../../internal/errors";
import { boundsOf, formatAddress, parseAddress, parseSubnet } from "./subnets";

/** The addresses of one network. The network's own, the broadcast and the gateway's address are never given out. */
export interface AddressPool {
  readonly prefixLength: number;
  /**
   * The lowest free address, or `wanted`. Throws `no-address-left`; `invalid-argument` when `wanted` is taken or
   * outside.
   */
  take(wanted?: string): string;
  give(address: string): void;
}

/** Addresses nobody asks for come from `range`, a part of the subnet. */
export function createAddressPool(subnet: string, gateway: string, range: string = subnet): AddressPool {
  const bounds = boundsOf(range);
  const { first, size, prefixLength } = parseSubnet(subnet);
  const last = first + size - 1;
  const taken = new Set([first, last, parseAddress(gateway)]);

  const takeWanted = (wanted: string): string => {
    const address = parseAddress(wanted);
    if (address <= first || address >= last) {
      throw new RuncibleError(
        "invalid-argument",
        `invalid address ${wanted}: It does not belong to any of this network's subnets`,
      );
    }
    if (taken.has(address)) throw new RuncibleError("invalid-argument", `address already in use: ${wanted}`);
    taken.add(address);
    return wanted;
  };

  const takeLowest = (): string => {
    for (let address = bounds.first; address <= bounds.last; address++) {
      if (taken.has(address)) continue;
      taken.add(address);
      return formatAddress(address);
    }
    throw new RuncibleError("no-address-left", `no available IPv4 addresses on subnet ${subnet}; use a larger one`);
  };

  return {
    prefixLength,
    take: (wanted) => (wanted === undefined ? takeLowest() : takeWanted(wanted)),
    give: (address) => {
      taken.delete(parseAddress(address));
    },
  };
}
