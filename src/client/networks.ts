import { encodeFilters, type Filters } from "../wire/filters";
import type { EndpointSettings, NetworkCreateBody, NetworkInspect } from "../wire/network";
import type { Transport } from "./transport";

export interface NetworksClient {
  /** `Warning` says what of the request the daemon does not hold; empty when there is nothing. */
  create(body: NetworkCreateBody): Promise<{ readonly Id: string; readonly Warning: string }>;
  inspect(id: string): Promise<NetworkInspect>;
  list(filters?: Filters): Promise<readonly NetworkInspect[]>;
  /** Also for a container that is not started yet. */
  connect(id: string, container: string, endpoint?: EndpointSettings): Promise<void>;
  disconnect(id: string, container: string, options?: { readonly force?: boolean }): Promise<void>;
  remove(id: string): Promise<void>;
}

export function createNetworksClient(transport: Transport): NetworksClient {
  const at = (id: string, action = ""): string => `/networks/${encodeURIComponent(id)}${action}`;
  return {
    // Before API 1.44 only CheckDuplicate makes a taken name an error.
    create: (body) => transport.call("POST", "/networks/create", { body: { CheckDuplicate: true, ...body } }),
    inspect: (id) => transport.call("GET", at(id)),
    list: (filters) =>
      transport.call("GET", "/networks", filters === undefined ? {} : { query: { filters: encodeFilters(filters) } }),
    connect: (id, container, endpoint = {}) =>
      transport.send("POST", at(id, "/connect"), { body: { Container: container, EndpointConfig: endpoint } }),
    disconnect: (id, container, { force = false } = {}) =>
      transport.send("POST", at(id, "/disconnect"), { body: { Container: container, Force: force } }),
    remove: (id) => transport.send("DELETE", at(id)),
  };
}
