import { serviceAddress } from "./link-plan";
import { formatAddress, overlaps, parseAddress } from "./subnets";

/** The four addresses between host and switch. */
export interface UplinkAddresses {
  readonly subnet: string;
  /** Of the host: how containers reach it. */
  readonly host: string;
  /** Of the switch: what the host sees containers come from. */
  readonly inner: string;
}

/** Private ranges that nobody's default picks, then link-local, which no network routes. */
const pools = ["10.255.0.0", "172.31.0.0", "192.168.0.0", "169.254.0.0"];
const subnetsPerPool = 2 ** 14;
/** Link-local addresses with a meaning: our name server, and the metadata service of clouds. */
const spokenFor = [serviceAddress, "169.254.169.254"];

/**
 * A /30 clear of everything the host routes to. Where the search begins comes from the engine's id, so that two engines
 * that start at the same moment do not meet. Undefined when the host routes all of it.
 */
export function chooseUplink(engineId: string, hostRoutes: readonly string[]): UplinkAddresses | undefined {
  const start = Number.parseInt(engineId.slice(0, 8), 16) % subnetsPerPool;
  for (const pool of pools) {
    const taken = [...hostRoutes, ...spokenFor].filter((route) => overlaps(route, `${pool}/16`));
    if (taken.some((route) => prefixLengthOf(route) <= 16)) continue;
    for (let step = 0; step < subnetsPerPool; step++) {
      const first = parseAddress(pool) + ((start + step) % subnetsPerPool) * 4;
      const subnet = `${formatAddress(first)}/30`;
      if (!taken.some((route) => overlaps(route, subnet))) {
        return { subnet, host: formatAddress(first + 1), inner: formatAddress(first + 2) };
      }
    }
  }
  return undefined;
}

function prefixLengthOf(range: string): number {
  return Number(range.split("/")[1] ?? 32);
}
