import { encodeFilters, type Filters } from "../wire/filters";
import type { VolumeCreateBody, VolumeInspect, VolumeList } from "../wire/volume";
import type { Transport } from "./transport";

export interface VolumesClient {
  create(body: VolumeCreateBody): Promise<VolumeInspect>;
  inspect(name: string): Promise<VolumeInspect>;
  list(filters?: Filters): Promise<readonly VolumeInspect[]>;
  remove(name: string, options?: { readonly force?: boolean }): Promise<void>;
}

export function createVolumesClient(transport: Transport): VolumesClient {
  const at = (name: string): string => `/volumes/${encodeURIComponent(name)}`;
  return {
    create: (body) => transport.call("POST", "/volumes/create", { body }),
    inspect: (name) => transport.call("GET", at(name)),
    list: async (filters) => {
      const query = filters === undefined ? {} : { query: { filters: encodeFilters(filters) } };
      const { Volumes } = await transport.call<{ readonly Volumes: VolumeList["Volumes"] | null }>(
        "GET",
        "/volumes",
        query,
      );
      return Volumes ?? [];
    },
    remove: (name, { force = false } = {}) => transport.send("DELETE", at(name), { query: { force } }),
  };
}
