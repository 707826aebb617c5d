import { ownUserNamespace, type UserNamespace } from "../../internal/user-namespace";
import { uniqueVariables } from "../../internal/variables";
import type { Mount } from "../mount";
import { effectiveCapabilities, heldCapabilities } from "./capabilities";
import { defaultMounts } from "./default-mounts";
import { deviceRules, hostDevices, ociDevice, type SpecDevice } from "./devices";
import type { OciLinux, OciMount, OciProcess, OciResources, OciSeccomp, OciSpec } from "./oci-spec";
import { allowedUlimits, canHaveOomScore, ownLimitsIn } from "./own-limits";
import { defaultSeccomp } from "./seccomp";
import type { ContainerUser } from "./users";

export type { OciProcess, OciResources, OciSpec } from "./oci-spec";

export interface SpecRequest {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: Omit<ContainerUser, "home">;
  readonly tty: boolean;
  /** Of the terminal. Default: 24 rows, 80 columns. */
  readonly consoleSize?: { readonly rows: number; readonly columns: number };
  readonly hostname: string;
  readonly domainname: string;
  readonly rootPath: string;
  readonly isReadOnlyRoot: boolean;
  /** After the default ones, parents before children; a mount on the same target replaces a default one. */
  readonly mounts: readonly Mount[];
  /** Path of a network namespace, or `host`. */
  readonly networkNamespace: string;
  /** `private`, `host`, or the path of a namespace. */
  readonly pidMode: string;
  /** Or `none`: a namespace of its own without `/dev/shm`. */
  readonly ipcMode: string;
  readonly utsMode: string;
  /** Below the root of each cgroup hierarchy. Undefined: an ordinary user has no cgroup to give, and so no limits. */
  readonly cgroupPath: string | undefined;
  /** Shows the container its own cgroup as the root: as Docker, on cgroup version 2 only. */
  readonly hasCgroupNamespace: boolean;
  readonly resources: OciResources;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly isPrivileged: boolean;
  /** The default profile, none, or a profile in OCI form. */
  readonly seccomp: "default" | "unconfined" | OciSeccomp;
  /** Whether the container may have programs of a 32-bit machine, see `defaultSeccomp`. */
  readonly has32BitPrograms: boolean;
  readonly noNewPrivileges: boolean;
  /** One that is loaded. Absent: none. */
  readonly appArmorProfile?: string;
  /** Absent: Docker's. */
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly devices: readonly SpecDevice[];
  readonly sysctls: Readonly<Record<string, string>>;
  /** Default: 64 MiB. */
  readonly shmSizeBytes?: number;
  /** Names without RLIMIT_. */
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  readonly oomScoreAdj?: number;
  /** Where runc runs. Default: that of this process. */
  readonly userNamespace?: UserNamespace;
}

/** What is asked for, else Docker's. Pure. */
export function guardedPathsOf(asked: {
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly privileged: boolean;
}): { readonly masked: readonly string[]; readonly readonly: readonly string[] } {
  return {
    masked: asked.maskedPaths ?? (asked.privileged ? [] : maskedPaths),
    readonly: asked.readonlyPaths ?? (asked.privileged ? [] : readonlyPaths),
  };
}

const maskedPaths: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

const readonlyPaths: readonly string[] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

/** Lets anyone bind port 80 and send pings inside: the container's network is its own. The range must be mapped. */
function networkSysctls({ lastGid }: UserNamespace): Readonly<Record<string, string>> {
  return { "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": `0 ${lastGid}` };
}

const defaultConsole = { rows: 24, columns: 80 };

/** What runc is to run, with Docker's defaults: OCI runtime specification, config.json. */
export function createSpec(request: SpecRequest): OciSpec {
  return {
    ociVersion: "1.0.2",
    process: processOf(request),
    root: { path: request.rootPath, readonly: request.isReadOnlyRoot },
    // In a namespace that is shared the name is another's.
    ...(request.utsMode === "private" ? namesOf(request) : {}),
    mounts: mountsOf(request),
    linux: linuxOf(request),
  };
}

/** runc knows the domain name from 1.2 on. Root can set it with any: see `sysctlsOf`. */
function namesOf(request: SpecRequest): Pick<OciSpec, "hostname" | "domainname"> {
  const { hostname, domainname } = request;
  return domainname === "" || namespaceOf(request).isInitial ? { hostname } : { hostname, domainname };
}

function processOf(request: SpecRequest): OciProcess {
  const { capAdd, capDrop, isPrivileged, user, oomScoreAdj, consoleSize = defaultConsole } = request;
  const limits = ownLimitsIn(namespaceOf(request));
  const granted = effectiveCapabilities({ add: capAdd, drop: capDrop, isPrivileged });
  // As root the kernel derives the effective set on exec; other users get none, only the bound of what setuid may give.
  const active = user.uid === 0 ? granted : [];
  return {
    terminal: request.tty,
    ...(request.tty ? { consoleSize: { height: consoleSize.rows, width: consoleSize.columns } } : {}),
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    args: request.args,
    env: environmentOf(request),
    cwd: request.cwd,
    capabilities: { bounding: granted, effective: active, permitted: active, inheritable: [], ambient: [] },
    rlimits: allowedUlimits(request.ulimits, limits).map(({ name, soft, hard }) => ({
      type: `RLIMIT_${name.toUpperCase()}`,
      soft,
      hard,
    })),
    noNewPrivileges: request.noNewPrivileges,
    ...(request.appArmorProfile === undefined ? {} : { apparmorProfile: request.appArmorProfile }),
    ...(oomScoreAdj === undefined || !canHaveOomScore(oomScoreAdj, limits) ? {} : { oomScoreAdj }),
  };
}

function namespaceOf({ userNamespace = ownUserNamespace() }: SpecRequest): UserNamespace {
  return userNamespace;
}

/** In Docker's order: what every process has comes first, whoever gave its value. */
function environmentOf({ env, hostname, tty }: SpecRequest): readonly string[] {
  const defaults = [
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    `HOSTNAME=${hostname}`,
    ...(tty ? ["TERM=xterm"] : []),
  ];
  return uniqueVariables([...defaults, ...env]);
}

function mountsOf(request: SpecRequest): readonly OciMount[] {
  const own = new Set(request.mounts.map(({ target }) => target));
  // A /dev of one's own would hide what the default mounts put below it.
  const isReplaced = (target: string): boolean => own.has(target) || (own.has("/dev") && target.startsWith("/dev/"));
  const defaults = defaultMounts({ ...request, userNamespace: namespaceOf(request) }).filter(
    ({ target }) => !isReplaced(target),
  );
  const added = request.mounts.toSorted((a, b) => depthOf(a.target) - depthOf(b.target));
  return [...defaults, ...added].map(({ target, type, source, options }) => ({
    destination: target,
    type,
    source,
    options,
  }));
}

function depthOf(path: string): number {
  return path.split("/").filter((part) => part !== "").length;
}

function linuxOf(request: SpecRequest): OciLinux {
  const { isPrivileged, devices, cgroupPath } = request;
  const guarded = guardedPathsOf({ ...request, privileged: isPrivileged });
  const rules = { devices: deviceRules(devices, isPrivileged) };
  const seccomp = seccompOf(request);
  return {
    namespaces: namespacesOf(request),
    // With a path, runc insists on the cgroup; with limits, on setting them.
    ...(cgroupPath === undefined
      ? { resources: rules }
      : { cgroupsPath: cgroupPath, resources: { ...request.resources, ...rules } }),
    devices: [...(isPrivileged ? hostDevices() : []), ...devices].map(ociDevice),
    maskedPaths: guarded.masked,
    readonlyPaths: guarded.readonly,
    sysctl: { ...sysctlsOf(request), ...request.sysctls },
    ...(seccomp === undefined ? {} : { seccomp }),
    ...(request.mounts.some(isShared) ? { rootfsPropagation: "rslave" } : {}),
  };
}

/** runc 1.1 knows no domain name: the kernel takes it as a setting of the namespace, from root of the machine. */
function sysctlsOf(request: SpecRequest): Readonly<Record<string, string>> {
  const { networkNamespace, utsMode, domainname } = request;
  return {
    ...(networkNamespace === "host" ? {} : networkSysctls(namespaceOf(request))),
    ...(utsMode === "private" && domainname !== "" && namespaceOf(request).isInitial
      ? { "kernel.domainname": domainname }
      : {}),
  };
}

function isShared({ options }: Mount): boolean {
  return options.some((option) => ["shared", "rshared", "slave", "rslave"].includes(option));
}

function namespacesOf(request: SpecRequest): OciLinux["namespaces"] {
  const { networkNamespace, pidMode, ipcMode, utsMode } = request;
  const one = (type: string, mode: string): OciLinux["namespaces"] => {
    if (mode === "host") return [];
    return mode === "private" ? [{ type }] : [{ type, path: mode }];
  };
  return [
    { type: "mount" },
    ...one("network", networkNamespace),
    ...one("pid", pidMode),
    ...one("ipc", ipcMode === "none" ? "private" : ipcMode),
    ...one("uts", utsMode),
    ...(request.hasCgroupNamespace ? [{ type: "cgroup" }] : []),
  ];
}

function seccompOf(request: SpecRequest): OciSeccomp | undefined {
  const { seccomp, isPrivileged, capAdd, capDrop, has32BitPrograms } = request;
  if (seccomp === "unconfined" || isPrivileged) return undefined;
  if (seccomp !== "default") return seccomp;
  const granted = effectiveCapabilities({ add: capAdd, drop: capDrop, isPrivileged });
  return defaultSeccomp(granted, { has32BitPrograms });
}

/** The process of an exec: the container's own, with what the exec asks for instead. */
export function execProcess(
  spec: OciSpec,
  exec: {
    readonly args: readonly string[];
    readonly env: readonly string[];
    readonly cwd?: string;
    readonly user?: Omit<ContainerUser, "home">;
    readonly tty: boolean;
    readonly isPrivileged: boolean;
  },
): OciProcess {
  const base = spec.process;
  const user = exec.user ?? base.user;
  const granted = exec.isPrivileged ? heldCapabilities() : base.capabilities.bounding;
  const active = user.uid === 0 ? granted : [];
  return {
    ...base,
    args: exec.args,
    env: mergeEnvironment(base.env, exec.env),
    cwd: exec.cwd ?? base.cwd,
    user: { uid: user.uid, gid: user.gid, additionalGids: user.additionalGids },
    terminal: exec.tty,
    capabilities: { bounding: granted, effective: active, permitted: active, inheritable: [], ambient: [] },
  };
}

/** A name without `=` takes the variable away, as in the environment of a container. */
function mergeEnvironment(base: readonly string[], added: readonly string[]): readonly string[] {
  const nameOf = (entry: string): string => entry.split("=", 1)[0] ?? "";
  const names = new Set(added.map(nameOf));
  return [...base.filter((entry) => !names.has(nameOf(entry))), ...added.filter((entry) => entry.includes("="))];
}
