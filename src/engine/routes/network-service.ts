import type { Filters } from "../../wire/filters";
import type { EndpointSpec } from "./container-spec";

/** Networks. `ref` is an id, a unique prefix or a name; an unknown one throws `network-not-found`. */
export interface NetworkService {
  list(filters: Filters): Promise<readonly NetworkView[]>;
  inspect(ref: string): Promise<NetworkView>;
  /** Throws `name-in-use`, `invalid-argument`, `not-implemented` for drivers other than bridge. */
  create(spec: NetworkSpec): Promise<{ readonly id: string }>;
  /** Resolves when its bridge is gone. Throws `network-in-use`, `predefined-network`. */
  remove(ref: string): Promise<void>;
  /** Works on containers that do not run as well. */
  connect(ref: string, container: string, endpoint: Omit<EndpointSpec, "network">): Promise<void>;
  disconnect(ref: string, container: string, options: { readonly force: boolean }): Promise<void>;
  prune(filters: Filters): Promise<readonly string[]>;
}

export interface NetworkSpec {
  readonly name: string;
  /** `bridge`, `host` or `null`. */
  readonly driver: string;
  readonly isInternal: boolean;
  readonly isAttachable: boolean;
  /** IPv4. Absent: one of the pool. Only the first one is used. */
  readonly subnets: readonly SubnetSpec[];
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

export interface SubnetSpec {
  /** `172.25.0.0/16` */
  readonly subnet: string;
  readonly gateway?: string;
  readonly ipRange?: string;
}

export interface NetworkView extends NetworkSpec {
  readonly id: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Running containers only. */
  readonly endpoints: readonly NetworkEndpointView[];
}

export interface NetworkEndpointView {
  readonly containerId: string;
  readonly containerName: string;
  readonly endpointId: string;
  readonly macAddress: string;
  /** With prefix length: `172.25.0.2/16`. */
  readonly ipv4Address: string;
}
