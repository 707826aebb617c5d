/** How a container takes part in a network, as requests and inspect answers say it. */
export interface EndpointSettings {
  readonly IPAMConfig?: { readonly IPv4Address?: string; readonly IPv6Address?: string } | null;
  readonly Links?: readonly string[] | null;
  readonly Aliases?: readonly string[] | null;
  readonly MacAddress?: string;
  readonly DriverOpts?: Readonly<Record<string, string>> | null;
  readonly GwPriority?: number;
  readonly NetworkID?: string;
  readonly EndpointID?: string;
  readonly Gateway?: string;
  readonly IPAddress?: string;
  readonly IPPrefixLen?: number;
  readonly IPv6Gateway?: string;
  readonly GlobalIPv6Address?: string;
  readonly GlobalIPv6PrefixLen?: number;
  readonly DNSNames?: readonly string[] | null;
}

export interface NetworkCreateBody {
  readonly Name: string;
  /** Whether a second network of the name is refused: always, from API 1.44 on. */
  readonly CheckDuplicate?: boolean;
  readonly Driver?: string;
  readonly Internal?: boolean;
  readonly Attachable?: boolean;
  readonly EnableIPv6?: boolean;
  readonly IPAM?: { readonly Driver?: string; readonly Config?: readonly IpamConfig[] };
  readonly Options?: Readonly<Record<string, string>>;
  readonly Labels?: Readonly<Record<string, string>>;
}

export interface IpamConfig {
  readonly Subnet?: string;
  readonly Gateway?: string;
  readonly IPRange?: string;
}

export interface NetworkConnectBody {
  /** Id or name. */
  readonly Container: string;
  readonly EndpointConfig?: EndpointSettings;
}

/** Answer of `GET /networks/{id}`; an array of it is that of `GET /networks`. */
export interface NetworkInspect {
  readonly Name: string;
  readonly Id: string;
  readonly Created: string;
  readonly Scope: string;
  readonly Driver: string;
  readonly EnableIPv6: boolean;
  readonly IPAM: { readonly Driver: string; readonly Options: object; readonly Config: readonly IpamConfig[] };
  readonly Internal: boolean;
  readonly Attachable: boolean;
  readonly Ingress: boolean;
  readonly ConfigFrom: { readonly Network: string };
  readonly ConfigOnly: boolean;
  /** By container id; running ones only. */
  readonly Containers: Readonly<Record<string, NetworkMember>>;
  readonly Options: Readonly<Record<string, string>>;
  readonly Labels: Readonly<Record<string, string>>;
}

export interface NetworkMember {
  readonly Name: string;
  readonly EndpointID: string;
  readonly MacAddress: string;
  /** With prefix length. */
  readonly IPv4Address: string;
  readonly IPv6Address: string;
}
