import type { Filters } from "../../wire/filters";

export interface VolumeService {
  /** A volume of this name is returned as it is. `name` empty: 64 random digits. Throws `invalid-argument`. */
  create(spec: VolumeSpec): Promise<VolumeView>;
  list(filters: Filters): Promise<readonly VolumeView[]>;
  /** All of them with what they take, which means walking through them. */
  usage(): Promise<readonly VolumeUsage[]>;
  /** Throws `volume-not-found`. */
  inspect(name: string): Promise<VolumeView>;
  /** Throws `volume-in-use`, `volume-not-found` unless `force`. */
  remove(name: string, options: { readonly force: boolean }): Promise<void>;
  /** Anonymous ones only, unless the filter `all` says otherwise. */
  prune(filters: Filters): Promise<{ readonly names: readonly string[]; readonly reclaimedBytes: number }>;
}

export interface VolumeSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
}

export interface VolumeView extends VolumeSpec {
  /** RFC 3339. */
  readonly createdAt: string;
  /** The folder on the host that containers see. */
  readonly mountpoint: string;
  readonly isAnonymous: boolean;
}

export interface VolumeUsage extends VolumeView {
  readonly sizeBytes: number;
  /** Containers that have it. */
  readonly userCount: number;
}
