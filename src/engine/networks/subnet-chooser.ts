import { RuncibleError } from "../../internal/errors";
import { hostRoutes } from "../../runtime/network/host-routes";
import { chooseSubnet, contains, overlaps, parseSubnet } from "../../runtime/network/subnets";
import type { SubnetSpec } from "../routes/network-service";

export interface SubnetChooser {
  /**
   * Fills in what `wanted` leaves open: gateway, or everything. Throws `invalid-argument`, `no-address-left`, and
   * `subnet-in-use` when it overlaps with one of `taken`.
   */
  choose(wanted: SubnetSpec | undefined, taken: readonly string[]): Promise<SubnetSpec>;
}

/**
 * Chosen ones also keep clear of everything the host routes to; asked-for ones are the caller's own risk, as in Docker.
 */
export const subnetChooser: SubnetChooser = {
  async choose(wanted, taken) {
    if (wanted === undefined) return chooseSubnet([...taken, ...(await hostRoutes())]);
    const { subnet, ipRange } = wanted;
    const { gateway } = parseSubnet(subnet);
    if (taken.some((other) => overlaps(other, subnet))) {
      throw new RuncibleError("subnet-in-use", "Pool overlaps with other one on this address space");
    }
    if (ipRange !== undefined && !contains(subnet, ipRange)) throw outside(`range ${ipRange}`, subnet);
    if (wanted.gateway !== undefined && !contains(subnet, wanted.gateway)) {
      throw outside(`gateway ${wanted.gateway}`, subnet);
    }
    return { ...wanted, gateway: wanted.gateway ?? gateway };
  },
};

function outside(what: string, subnet: string): RuncibleError {
  return new RuncibleError("invalid-argument", `create network: ${what} does not belong to subnet ${subnet}`);
}
