/** Facts about engine and machine. */
export interface SystemService {
  /** Constant for the life of the engine. */
  readonly identity: EngineIdentity;
  info(): Promise<SystemInfo>;
  /** Bytes of each layer that an image has. */
  layerSizes(): Promise<ReadonlyMap<string, number>>;
  /** Whether `stay` was called. */
  isStaying(): boolean;
  /** From now on the engine does not leave for want of use. */
  stay(): void;
  /** Begins an orderly end and returns at once; the process is gone some time later. */
  shutdown(): void;
}

export interface EngineIdentity {
  /** See `ownNetworkId`. */
  readonly networkId: string | undefined;
  /** Of the package. */
  readonly version: string;
  readonly pid: number;
  /** Random, one per engine process. */
  readonly instanceId: string;
  readonly startedAt: string;
  /** As Go names it: `amd64`, `arm64`. */
  readonly architecture: string;
  /** What this engine can do beyond Docker's API: `sessions`, `wait-ports`, … */
  readonly capabilities: readonly string[];
}

export interface SystemInfo {
  /** Stable for the state folder. */
  readonly id: string;
  /** Name of the machine. */
  readonly hostname: string;
  readonly kernelVersion: string;
  /** `Debian GNU/Linux 12 (bookworm)` */
  readonly operatingSystem: string;
  readonly osVersion: string;
  /** As uname says: `x86_64`. */
  readonly machine: string;
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly stateFolder: string;
  readonly storageDriver: string;
  /** Label and text of each line. */
  readonly storageStatus: readonly (readonly [string, string])[];
  readonly cgroupDriver: "cgroupfs" | "systemd" | "none";
  readonly cgroupVersion: 1 | 2;
  readonly runcVersion: string;
  /** What `--init` runs; empty when the machine has none. */
  readonly initProgram: string;
  readonly isRootless: boolean;
  readonly securityOptions: readonly string[];
  readonly limits: {
    readonly memory: boolean;
    readonly swap: boolean;
    readonly cpu: boolean;
    readonly pids: boolean;
    readonly cpuset: boolean;
  };
  /** Base URLs of mirrors of Docker Hub. */
  readonly hubMirrors: readonly string[];
  /** Shown to people by `docker info`. */
  readonly warnings: readonly string[];
  readonly labels: readonly string[];
}
