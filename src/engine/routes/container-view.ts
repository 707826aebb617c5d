import type { ContainerPort } from "../../wire/ports";
import type { ContainerSpec, HealthCheckSpec } from "./container-spec";

/** UTC, RFC 3339 with up to nine digits after the second: `2026-11-24T05:15:26.123456789Z`. */
export type Timestamp = string;

export type ContainerStatus = "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";

/** One container as it is now. Inspect and list encode Docker's JSON from it; nothing in it is HTTP or Docker JSON. */
export interface ContainerView {
  readonly id: string;
  /** Without the slash. */
  readonly name: string;
  readonly createdAt: Timestamp;
  readonly spec: ContainerSpec;
  /** `sha256:…` */
  readonly imageId: string;
  /** What the container runs: request and image merged. */
  readonly config: EffectiveConfig;
  readonly state: ContainerState;
  readonly restartCount: number;
  /** Docker's name for how the root is made: `overlay2`. */
  readonly storageDriver: string;
  /** What of /proc and /sys the container does not see, or cannot change. */
  readonly guardedPaths: { readonly masked: readonly string[]; readonly readonly: readonly string[] };
  /** `unconfined` without one; empty where there is no AppArmor. */
  readonly appArmorProfile: string;
  readonly mounts: readonly MountView[];
  /** Exposed ports with what they are published on; empty unless running. */
  readonly ports: readonly PublishedPort[];
  /** One per network, joined or (before the start) to be joined. */
  readonly endpoints: readonly EndpointView[];
  /** Path of the network namespace; empty unless running. */
  readonly sandboxKey: string;
  readonly paths: {
    readonly resolvConf: string;
    readonly hostname: string;
    readonly hosts: string;
    readonly log: string;
  };
  readonly execIds: readonly string[];
  /** Bytes; only when asked for. */
  readonly size?: { readonly writable: number; readonly total: number };
}

export interface EffectiveConfig {
  readonly hostname: string;
  readonly user: string;
  readonly workingDir: string;
  readonly environment: readonly string[];
  readonly entrypoint: readonly string[];
  readonly command: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly exposedPorts: readonly ContainerPort[];
  /** Paths with an anonymous volume, of the request and of the image. */
  readonly volumes: readonly string[];
  readonly stopSignal?: string;
  readonly healthCheck?: {
    readonly test: readonly string[];
    readonly intervalMs: number;
    readonly timeoutMs: number;
    readonly startPeriodMs: number;
    readonly startIntervalMs: number;
    readonly retries: number;
  };
  /** What request and image said of a check, which is what is shown, also when it has no command. */
  readonly statedHealthCheck?: HealthCheckSpec;
}

export interface ContainerState {
  readonly status: ContainerStatus;
  /** 0 unless running. */
  readonly pid: number;
  readonly exitCode: number;
  /** Why the last start failed; empty otherwise. */
  readonly error: string;
  readonly isOutOfMemory: boolean;
  /** How long the last start waited for memory. Absent: it did not. */
  readonly memoryWaitMs?: number;
  /** Absent: never. Not later than the first log line of the run. */
  readonly startedAt?: Timestamp;
  readonly finishedAt?: Timestamp;
  /** Absent: no health check. */
  readonly health?: HealthView;
}

export interface HealthView {
  readonly status: "starting" | "healthy" | "unhealthy";
  readonly failingStreak: number;
  /** The last five, oldest first. */
  readonly log: readonly {
    readonly start: Timestamp;
    readonly end: Timestamp;
    readonly exitCode: number;
    readonly output: string;
  }[];
}

export interface MountView {
  readonly kind: "bind" | "volume" | "tmpfs";
  /** Volume name; absent for others. */
  readonly name?: string;
  readonly source: string;
  readonly target: string;
  readonly mode: string;
  readonly isReadOnly: boolean;
  readonly propagation: string;
}

export interface PublishedPort {
  readonly containerPort: ContainerPort;
  /** IPv4 first. Empty: exposed, not published. */
  readonly bindings: readonly { readonly hostIp: string; readonly hostPort: number }[];
}

export interface EndpointView {
  /** The network's name, even if it was asked for by id. */
  readonly network: string;
  readonly networkId: string;
  /** Empty unless running; so are the addresses. */
  readonly endpointId: string;
  /** As asked for. */
  readonly aliases: readonly string[];
  /** All names the network's DNS answers with this endpoint: name, aliases, short id, hostname. */
  readonly dnsNames: readonly string[];
  readonly links: readonly string[];
  readonly macAddress: string;
  readonly gateway: string;
  readonly ipv4Address: string;
  readonly ipv4PrefixLength: number;
  /** Fixed addresses that were asked for. */
  readonly requestedIpv4Address?: string;
  readonly driverOptions: Readonly<Record<string, string>>;
}
