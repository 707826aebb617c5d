import { RuncibleError } from "../../internal/errors";
import { hostRoutes } from "../../runtime/network/host-routes";
import { chooseSubnet, overlaps, parseSubnet } from "../../runtime/network/subnets";
import type { SubnetSpec } from "../routes/network-service";

export interface SubnetChooser {
  /**
   * Fills in what `wanted` leaves open: gateway, or everything. Throws `invalid-argument`, `no-address-left`, and
   * `network-in-use` (Docker answers 403) when it overlaps with one of `taken`.
   */
  choose(wanted: SubnetSpec | undefined, taken: readonly string[]): Promise<SubnetSpec>;
}

/** Chosen ones also keep clear of everything the host routes to; asked-for ones are the caller's own risk, as in Docker. */
export const subnetChooser: SubnetChooser = {
  async choose(wanted, taken) {
    if (wanted === undefined || wanted.subnet === "") return chooseSubnet([...taken, ...(await hostRoutes())]);
    const others = taken.filter((subnet) => subnet !== wanted.subnet);
    if (others.some((subnet) => overlaps(subnet, wanted.subnet))) {
      throw new RuncibleError("network-in-use", "Pool overlaps with other one on this address space");
    }
    return { ...wanted, gateway: wanted.gateway ?? parseSubnet(wanted.subnet).gateway };
  },
};
