import type { JsonObject } from "../../wire/json";
import type { ContainerPort, HostPortRange } from "../../wire/ports";
import type { TerminalSize } from "./stream-types";

/**
 * A container create request, decoded once: defaults filled in, contradictions refused. What depends on the image
 * (command, environment, exposed ports, volumes, user, …) is not merged yet: absent means "as the image says".
 */
export interface ContainerSpec {
  /** Without the leading slash, of Docker's character set. Absent: the service makes one up. */
  readonly name?: string;
  /** `os/arch[/variant]`. */
  readonly platform?: string;
  /** Reference or id as typed; never empty. */
  readonly image: string;

  /** `[]` (also asked for as `[""]`): drop the image's entrypoint. Absent: the image's. */
  readonly entrypoint?: readonly string[];
  /** Absent: the image's, unless `entrypoint` is given. */
  readonly command?: readonly string[];
  /** `K=V`; a bare `K` removes the image's variable. */
  readonly environment: readonly string[];
  readonly user?: string;
  readonly workingDir?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Merged with the image's. */
  readonly exposedPorts: readonly ContainerPort[];
  /** Merged with the image's health check field by field. */
  readonly healthCheck?: HealthCheckSpec;
  /** Name with or without SIG, or number. */
  readonly stopSignal?: string;
  /** Seconds; absent: 10; -1: no limit. */
  readonly stopTimeoutSeconds?: number;
  readonly tty: boolean;
  /** Of the terminal when it begins. Absent: 24 rows of 80 columns. */
  readonly consoleSize?: TerminalSize;
  readonly openStdin: boolean;
  /** Close the container's stdin when the first attached client closes its own. */
  readonly stdinOnce: boolean;

  readonly mounts: readonly MountSpec[];
  /** Paths that get an anonymous volume; a mount on the same path wins. */
  readonly anonymousVolumes: readonly string[];
  /** `name-or-id[:ro|rw]`. */
  readonly volumesFrom: readonly { readonly container: string; readonly isReadOnly: boolean }[];

  /** `default` is already `bridge`. */
  readonly networkMode: NetworkMode;
  /** Networks to join at start, `networkMode`'s own first; empty unless `networkMode` is `network`. */
  readonly endpoints: readonly EndpointSpec[];
  readonly publish: readonly PublishSpec[];
  readonly publishAll: boolean;
  readonly extraHosts: readonly ExtraHost[];
  readonly dns: DnsSpec;

  readonly autoRemove: boolean;
  readonly restartPolicy: RestartPolicy;
  readonly init: boolean;
  readonly privileged: boolean;
  readonly isReadOnlyRoot: boolean;
  /** Upper case with CAP_, or `ALL`. */
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOptions: readonly string[];
  readonly groupAdd: readonly string[];
  readonly sysctls: Readonly<Record<string, string>>;
  readonly devices: readonly DeviceSpec[];
  /** `host`, `container:<ref>`, `private`, … as typed; absent: private. */
  readonly pidMode?: string;
  readonly ipcMode?: string;
  readonly utsMode?: string;
  readonly usernsMode?: string;
  /** Absent: as the version of cgroups has it. */
  readonly cgroupnsMode?: "host" | "private";
  readonly cgroupParent?: string;
  /** Absent: Docker's defaults. */
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly resources: ResourceSpec;
  readonly logs: LogSpec;

  /** What was posted, for inspect to echo. Never interpreted again. */
  readonly raw: {
    readonly config: JsonObject;
    readonly hostConfig: JsonObject;
  };
}

export type NetworkMode =
  | { readonly kind: "none" }
  | { readonly kind: "host" }
  /** Shares the network of another container, named by id or name. */
  | { readonly kind: "container"; readonly container: string }
  /** `network` is a name or an id, as typed; `bridge` is the default one. */
  | { readonly kind: "network"; readonly network: string };

/** How a container takes part in one network. */
export interface EndpointSpec {
  /** Name or id, as typed. */
  readonly network: string;
  readonly aliases: readonly string[];
  readonly links: readonly string[];
  /** Absent: one of the pool. */
  readonly ipv4Address?: string;
  readonly macAddress?: string;
  /** The highest wins the default route. Default: 0. */
  readonly gatewayPriority: number;
  readonly driverOptions: Readonly<Record<string, string>>;
}

export interface PublishSpec {
  readonly containerPort: ContainerPort;
  /** Absent: every address, IPv4 and IPv6, with the same number. */
  readonly hostIp?: string;
  readonly hostPort: HostPortRange;
}

export interface ExtraHost {
  readonly host: string;
  /** An address, or `host-gateway`. */
  readonly address: string;
}

export interface DnsSpec {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  readonly options: readonly string[];
}

export type MountSpec =
  | {
      readonly kind: "bind";
      readonly source: string;
      readonly target: string;
      readonly isReadOnly: boolean;
      /** Default: `rprivate`. */
      readonly propagation: string;
      /** A missing source is made a folder (Binds) or refused (Mounts). */
      readonly createSource: boolean;
      /** As typed, for inspect to echo. */
      readonly mode: string;
    }
  | {
      readonly kind: "volume";
      /** Absent: an anonymous volume. A volume of this name is made if there is none. */
      readonly name?: string;
      readonly target: string;
      readonly isReadOnly: boolean;
      /** Do not fill a new volume with what the image has at the target. */
      readonly noCopy: boolean;
      readonly labels: Readonly<Record<string, string>>;
      /** Folder or file inside the volume, relative, without leading `..`. */
      readonly subpath?: string;
      /** As typed, for inspect to echo. */
      readonly mode: string;
    }
  | {
      readonly kind: "tmpfs";
      readonly target: string;
      /** As in mount(8), for example `size=64m`. */
      readonly options: readonly string[];
    };

export interface RestartPolicy {
  readonly name: "no" | "always" | "unless-stopped" | "on-failure";
  /** For `on-failure`; 0: no limit. */
  readonly maximumRetryCount: number;
}

export interface DeviceSpec {
  readonly hostPath: string;
  readonly containerPath: string;
  /** Some of `rwm`. */
  readonly permissions: string;
}

/** Times in milliseconds; absent: the image's value or Docker's default. */
export interface HealthCheckSpec {
  /**
   * `["CMD", …]`, `["CMD-SHELL", line]`, or `["NONE"]`: no check, also where the image has one. Absent: the image's.
   */
  readonly test?: readonly string[];
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly startPeriodMs?: number;
  readonly startIntervalMs?: number;
  readonly retries?: number;
}

export interface Ulimit {
  /** `nofile`, … without RLIMIT_. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** Of a disk of this machine. */
export interface DeviceRate {
  readonly path: string;
  readonly rate: number;
}

export interface DeviceWeight {
  readonly path: string;
  readonly weight: number;
}

/** Absent: no limit, or the kernel's default. */
export interface ResourceSpec {
  readonly memoryBytes?: number;
  readonly memoryReservationBytes?: number;
  /** Memory and swap together; -1: unlimited. Default: twice the memory. */
  readonly memorySwapBytes?: number;
  /** 0 to 100. */
  readonly memorySwappiness?: number;
  /** Billionths of a CPU. */
  readonly nanoCpus?: number;
  readonly cpuShares?: number;
  readonly cpuPeriodUs?: number;
  readonly cpuQuotaUs?: number;
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  readonly pidsLimit?: number;
  readonly shmSizeBytes?: number;
  readonly oomScoreAdj?: number;
  /** 10 to 1000: its share of a disk that others want too. */
  readonly blockWeight?: number;
  readonly blockWeightDevices?: readonly DeviceWeight[];
  /** Bytes per second. */
  readonly blockReadBytes?: readonly DeviceRate[];
  readonly blockWriteBytes?: readonly DeviceRate[];
  /** Operations per second. */
  readonly blockReads?: readonly DeviceRate[];
  readonly blockWrites?: readonly DeviceRate[];
  readonly isOomKillDisabled: boolean;
  readonly ulimits: readonly Ulimit[];
  /** Sentences about what was asked for and is not held. */
  readonly discarded?: readonly string[];
}

export interface LogSpec {
  /** `json-file` and `local` are the same here; `none` keeps nothing. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
}
