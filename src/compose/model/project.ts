/**
 * A compose project as plain data. The keys are those of the specification, always in its long form: paths are
 * absolute, sizes are bytes, environment files are read, defaults are filled in. Only services whose profiles are
 * active are in it.
 */
export interface Project {
  readonly name: string;
  /** What relative paths start from. */
  readonly workingFolder: string;
  readonly files: readonly string[];
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, NetworkResource>>;
  readonly volumes: Readonly<Record<string, VolumeResource>>;
  readonly secrets: Readonly<Record<string, FileResource>>;
  readonly configs: Readonly<Record<string, FileResource>>;
  /** Services that exist, but whose profiles are not active. */
  readonly inactiveServices: readonly string[];
  /** Every profile that a service names. */
  readonly profiles: readonly string[];
  readonly warnings: readonly string[];
}

export type Value = string | number | boolean | null;
export type Values = Readonly<Record<string, Value>>;

/** Bytes or operations per second. */
export interface DeviceRate {
  readonly path: string;
  readonly rate: number;
}

export interface BlockIo {
  readonly weight?: number;
  readonly weight_device?: readonly { readonly path: string; readonly weight: number }[];
  readonly device_read_bps?: readonly DeviceRate[];
  readonly device_read_iops?: readonly DeviceRate[];
  readonly device_write_bps?: readonly DeviceRate[];
  readonly device_write_iops?: readonly DeviceRate[];
}

export interface Service {
  readonly image?: string;
  readonly build?: Build;
  readonly platform?: string;
  readonly pull_policy?: string;
  readonly container_name?: string;
  readonly depends_on?: Readonly<Record<string, Dependency>>;
  readonly profiles?: readonly string[];
  readonly scale?: number;
  readonly deploy?: Deploy;
  readonly attach?: boolean;
  readonly volumes?: readonly VolumeMount[];
  readonly volumes_from?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly secrets?: readonly FileReference[];
  readonly configs?: readonly FileReference[];

  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  /** Null, after loading: not set where compose runs, so it is left out. */
  readonly environment?: Values;
  readonly env_file?: readonly EnvFile[];
  readonly user?: string;
  readonly group_add?: readonly string[];
  readonly working_dir?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  readonly stdin_open?: boolean;
  readonly tty?: boolean;
  readonly init?: boolean;
  readonly stop_signal?: string;
  readonly stop_grace_period?: string;
  readonly restart?: string;
  readonly healthcheck?: Healthcheck;
  readonly labels?: Values;
  readonly label_file?: readonly string[];
  readonly annotations?: Values;

  readonly privileged?: boolean;
  readonly read_only?: boolean;
  readonly cap_add?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly sysctls?: Values;
  readonly devices?: readonly { readonly source: string; readonly target?: string; readonly permissions?: string }[];
  readonly ipc?: string;
  readonly pid?: string;
  readonly uts?: string;
  readonly userns_mode?: string;
  readonly cgroup?: string;
  readonly cgroup_parent?: string;
  readonly logging?: { readonly driver?: string; readonly options?: Values };

  readonly cpus?: string | number;
  readonly cpuset?: string;
  readonly cpu_shares?: number;
  readonly cpu_quota?: number;
  readonly cpu_period?: number;
  readonly mem_limit?: number;
  readonly mem_reservation?: number;
  readonly mem_swappiness?: number;
  readonly memswap_limit?: number;
  readonly oom_kill_disable?: boolean;
  readonly oom_score_adj?: number;
  readonly pids_limit?: number;
  readonly shm_size?: number;
  readonly ulimits?: Ulimits;
  readonly blkio_config?: BlockIo;

  readonly ports?: readonly Port[];
  readonly expose?: readonly string[];
  /** In the order of joining; none when `network_mode` says otherwise. */
  readonly networks?: Readonly<Record<string, ServiceNetwork>>;
  readonly network_mode?: string;
  readonly links?: readonly string[];
  readonly external_links?: readonly string[];
  readonly extra_hosts?: ExtraHosts;
  readonly dns?: readonly string[];
  readonly dns_opt?: readonly string[];
  readonly dns_search?: readonly string[];
  readonly mac_address?: string;
}

export type ExtraHosts = Readonly<Record<string, readonly string[]>>;
export type Ulimits = Readonly<Record<string, { readonly soft: number; readonly hard: number }>>;

export interface Build {
  readonly context: string;
  readonly dockerfile?: string;
  readonly dockerfile_inline?: string;
  /** Null: from the environment of compose, if it is set there. */
  readonly args?: Values;
  readonly labels?: Values;
  readonly target?: string;
  readonly tags?: readonly string[];
  readonly network?: string;
  readonly no_cache?: boolean;
  readonly pull?: boolean;
  readonly shm_size?: number;
  readonly extra_hosts?: ExtraHosts;
  readonly platforms?: readonly string[];
  readonly additional_contexts?: Values;
}

export type DependencyCondition = "service_started" | "service_healthy" | "service_completed_successfully";

export interface Dependency {
  readonly condition: DependencyCondition;
  /** Restarted when the other is recreated. */
  readonly restart?: boolean;
  /** Default: true. Otherwise its failure is a warning. */
  readonly required?: boolean;
}

export interface Deploy {
  readonly replicas?: number;
  readonly labels?: Values;
  readonly resources?: {
    readonly limits?: { readonly cpus?: string | number; readonly memory?: number; readonly pids?: number };
    readonly reservations?: { readonly cpus?: string | number; readonly memory?: number };
  };
  readonly restart_policy?: { readonly condition?: string; readonly max_attempts?: number };
}

export interface EnvFile {
  readonly path: string;
  readonly required?: boolean;
  readonly format?: string;
}

export interface VolumeMount {
  readonly type: "bind" | "volume" | "tmpfs";
  readonly source?: string;
  readonly target?: string;
  readonly read_only?: boolean;
  readonly bind?: { readonly propagation?: string; readonly create_host_path?: boolean };
  readonly volume?: { readonly nocopy?: boolean; readonly subpath?: string; readonly labels?: Values };
  readonly tmpfs?: { readonly size?: number; readonly mode?: number };
}

/** A secret or config as a service sees it. */
export interface FileReference {
  readonly source?: string;
  readonly target?: string;
  readonly uid?: string;
  readonly gid?: string;
  readonly mode?: number;
}

export interface Healthcheck {
  readonly disable?: boolean;
  readonly test?: readonly string[];
  readonly interval?: string;
  readonly timeout?: string;
  readonly start_period?: string;
  readonly start_interval?: string;
  readonly retries?: number;
}

export interface Port {
  readonly target: number;
  readonly published?: string;
  readonly host_ip?: string;
  readonly protocol: string;
}

export interface ServiceNetwork {
  readonly aliases?: readonly string[];
  readonly ipv4_address?: string;
  readonly ipv6_address?: string;
  readonly mac_address?: string;
  readonly driver_opts?: Values;
  readonly priority?: number;
  readonly gw_priority?: number;
}

interface Resource {
  /** Of the engine's object, the project's name included. */
  readonly name: string;
  /** Made by somebody else: it must exist, and is never removed. */
  readonly external: boolean;
  readonly labels?: Values;
}

export interface NetworkResource extends Resource {
  readonly driver?: string;
  readonly driver_opts?: Values;
  readonly attachable?: boolean;
  readonly internal?: boolean;
  readonly enable_ipv6?: boolean;
  readonly ipam?: {
    readonly driver?: string;
    readonly config?: readonly { readonly subnet?: string; readonly gateway?: string; readonly ip_range?: string }[];
  };
}

export interface VolumeResource extends Resource {
  readonly driver?: string;
  readonly driver_opts?: Values;
}

/** A secret or config: exactly one of the three says what is in it. */
export interface FileResource {
  readonly file?: string;
  /** Name of a variable. */
  readonly environment?: string;
  readonly content?: string;
}
