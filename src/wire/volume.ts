export interface VolumeCreateBody {
  /** Empty: an anonymous volume with a random name. */
  readonly Name?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly DriverOpts?: Readonly<Record<string, string>>;
}

/** Answer of `GET /volumes/{name}` and of `POST /volumes/create`. */
export interface VolumeInspect {
  readonly CreatedAt: string;
  readonly Driver: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Mountpoint: string;
  readonly Name: string;
  readonly Options: Readonly<Record<string, string>> | null;
  readonly Scope: string;
}

export interface VolumeList {
  readonly Volumes: readonly VolumeInspect[];
  readonly Warnings: readonly string[] | null;
}
