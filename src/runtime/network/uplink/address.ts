import { hostPortsAddress, serviceAddress } from "../link-plan";
import { formatAddress, overlaps, parseAddress } from "../subnets";

/** The addresses between host and switch. */
export interface UplinkAddresses {
  readonly subnet: string;
  /** Of the host: how containers reach it. */
  readonly host: string;
  /** Of the switch: what the host sees containers come from. */
  readonly inner: string;
}

/** Private ranges that nobody's default picks, then link-local, which no network routes. */
const pools = ["10.255.0.0", "172.31.0.0", "192.168.0.0", "169.254.0.0"];
/** Room for two. */
const linkPrefixLength = 30;
/** slirp4netns takes no smaller subnet; in it the host is .2, the switch .100. */
export const slirpPrefixLength = 24;
/** Link-local addresses with a meaning: our own services, and the metadata service of clouds. */
const spokenFor = [serviceAddress, hostPortsAddress, "169.254.169.254"];

/**
 * A small subnet clear of everything the host routes to. Where the search begins comes from the engine's id, so that
 * two engines that start at the same moment do not meet. Undefined when the host routes all of it.
 */
export function chooseUplink(
  engineId: string,
  hostRoutes: readonly string[],
  prefixLength: typeof linkPrefixLength | typeof slirpPrefixLength = linkPrefixLength,
): UplinkAddresses | undefined {
  const size = 2 ** (32 - prefixLength);
  const subnetsPerPool = 2 ** 16 / size;
  const [host, inner] = prefixLength === slirpPrefixLength ? [2, 100] : [1, 2];
  const start = Number.parseInt(engineId.slice(0, 8), 16) % subnetsPerPool;
  for (const pool of pools) {
    const taken = [...hostRoutes, ...spokenFor].filter((route) => overlaps(route, `${pool}/16`));
    if (taken.some((route) => prefixLengthOf(route) <= 16)) continue;
    for (let step = 0; step < subnetsPerPool; step++) {
      const first = parseAddress(pool) + ((start + step) % subnetsPerPool) * size;
      const subnet = `${formatAddress(first)}/${prefixLength}`;
      if (!taken.some((route) => overlaps(route, subnet))) {
        return { subnet, host: formatAddress(first + host), inner: formatAddress(first + inner) };
      }
    }
  }
  return undefined;
}

function prefixLengthOf(range: string): number {
  return Number(range.split("/")[1] ?? 32);
}
