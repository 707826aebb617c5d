import { hostPortsAddress, serviceAddress, uplinkName } from "./link-plan";

/**
 * The switch between the networks. Traffic inside a network is bridged and never gets here. What is routed may only
 * leave through the uplink, from networks that have a way out ("br-"), and addresses of the switch answer only on the
 * network they belong to. Nobody speaks in the name of an address of another network: names are answered by who asks.
 */
export const switchRules: string = `
table ip runcible {
  chain prerouting {
    type filter hook prerouting priority raw;
    iifname != { "lo", "${uplinkName}" } fib saddr . iif oif missing drop
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname { "lo", "${uplinkName}" } accept
    ct state established,related accept
    ip daddr { ${serviceAddress}, ${hostPortsAddress} } accept
    fib daddr . iif type { local, broadcast, multicast } accept
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname "br-*" oifname "${uplinkName}" accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "${uplinkName}" masquerade
  }
}
`;

/**
 * A sandbox sends names questions to 127.0.0.11 and the switch answers them. The questions have a loopback source, so
 * they are masqueraded, and the kernel must route loopback addresses (route_localnet); neighbours must not get at the
 * container's loopback by that, hence the drop.
 */
export const sandboxRules: string = `
table ip runcible {
  chain prerouting {
    type filter hook prerouting priority raw;
    iifname != "lo" ip daddr 127.0.0.0/8 drop
  }
  chain output {
    type nat hook output priority -100;
    ip daddr 127.0.0.11 udp dport 53 dnat to ${serviceAddress}
    ip daddr 127.0.0.11 tcp dport 53 dnat to ${serviceAddress}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname != "lo" ip daddr ${serviceAddress} masquerade
  }
}
`;

/** The host's part, one command per line for `nft -i`: the table belongs to that process and vanishes with it. */
export function hostRules(table: string, uplink: { readonly link: string; readonly address: string }): string {
  const { link, address } = uplink;
  return [
    `add table ip ${table} { flags owner; }`,
    `add chain ip ${table} forward { type filter hook forward priority filter; }`,
    `add rule ip ${table} forward oifname "${link}" ct state new drop`,
    `add chain ip ${table} postrouting { type nat hook postrouting priority srcnat; }`,
    `add rule ip ${table} postrouting ip saddr ${address} oifname != "${link}" masquerade`,
    "",
  ].join("\n");
}
