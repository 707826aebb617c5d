/** Answer of `GET /version`. */
export interface VersionJson {
  readonly Platform: { readonly Name: string };
  readonly Components: readonly {
    readonly Name: string;
    readonly Version: string;
    readonly Details: Readonly<Record<string, string>>;
  }[];
  readonly Version: string;
  readonly ApiVersion: string;
  readonly MinAPIVersion: string;
  readonly GitCommit: string;
  readonly GoVersion: string;
  readonly Os: string;
  readonly Arch: string;
  readonly KernelVersion: string;
  readonly BuildTime: string;
  readonly Experimental: boolean;
}

/** Of `GET /info`, what clients of this package read; the answer has many more keys. */
export interface InfoJson {
  readonly ID: string;
  readonly Name: string;
  readonly ServerVersion: string;
  readonly OperatingSystem: string;
  readonly OSType: string;
  readonly Architecture: string;
  readonly NCPU: number;
  readonly MemTotal: number;
  /** How roots are made. */
  readonly Driver?: string;
  /** Label and text of each line about it. */
  readonly DriverStatus?: readonly (readonly string[])[] | null;
  readonly Labels: readonly string[];
  readonly Warnings: readonly string[];
  readonly [key: string]: unknown;
}

/** Body of every error answer. */
export interface ErrorBody {
  readonly message: string;
  /** This engine only: the code of the error, which tells more than the status. */
  readonly code?: string;
  /** This engine only: facts for programs, last log lines for example. */
  readonly evidence?: Readonly<Record<string, unknown>>;
}
