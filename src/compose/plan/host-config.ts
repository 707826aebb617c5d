import type { HostConfigBody, MountBody, PortBindingBody } from "../../wire/container-create";
import { withSystemPaths } from "../../wire/system-paths";
import type { BlockIo, DeviceRate, Project, Service, VolumeMount } from "../model/project";
import { containerName } from "./container-names";
import { textMap } from "./text-map";

/** Everything about where and how a container runs, see `createBody`. */
export function hostConfigOf(project: Project, service: Service): HostConfigBody {
  return {
    ...networkingOf(project, service),
    ...mountsOf(project, service),
    ...isolationOf(project, service),
    ...limitsOf(service),
    ...blockIoOf(service.blkio_config),
    ...defined({
      RestartPolicy: restartPolicyOf(service),
      Init: service.init,
      LogConfig: service.logging && { Type: service.logging.driver ?? "", Config: textMap(service.logging.options) },
    }),
  };
}

/** A mode such as `service:db` as the daemon knows it. */
export function sharedMode(project: Project, mode: string | undefined): string | undefined {
  return mode?.startsWith("service:") ? `container:${containerName(project, mode.slice(8), 1)}` : mode;
}

function networkingOf(project: Project, service: Service): HostConfigBody {
  const first = Object.keys(service.networks ?? {})[0];
  const network = first === undefined ? undefined : project.networks[first]?.name;
  const bindings: Record<string, PortBindingBody[]> = {};
  for (const { target, protocol, published = "", host_ip } of service.ports ?? []) {
    const key = `${target}/${protocol}`;
    bindings[key] = [...(bindings[key] ?? []), { ...(host_ip ? { HostIp: host_ip } : {}), HostPort: published }];
  }
  const hosts = Object.entries(service.extra_hosts ?? {});
  return defined({
    NetworkMode: sharedMode(project, service.network_mode) ?? network,
    PortBindings: Object.keys(bindings).length === 0 ? undefined : bindings,
    ExtraHosts: nonEmpty(hosts.flatMap(([host, addresses]) => addresses.map((address) => `${host}:${address}`))),
    Links: nonEmpty(service.external_links ?? []),
    Dns: service.dns,
    DnsSearch: service.dns_search,
    DnsOptions: service.dns_opt,
  });
}

function mountsOf(project: Project, service: Service): HostConfigBody {
  const volumes = service.volumes ?? [];
  const binds = volumes.filter(isPlainBind);
  const tmpfs = (service.tmpfs ?? []).map((text): [string, string] => {
    const at = text.indexOf(":");
    return at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
  });
  return defined({
    Binds: nonEmpty(binds.map(bindText)),
    Mounts: nonEmpty(volumes.filter((volume) => !isPlainBind(volume)).map((volume) => mountOf(project, volume))),
    Tmpfs: tmpfs.length === 0 ? undefined : Object.fromEntries(tmpfs),
    VolumesFrom: nonEmpty((service.volumes_from ?? []).map((text) => volumesFrom(project, text))),
  });
}

/** In this form the daemon makes the folder when it lacks, which every version of it can. */
function isPlainBind({ type, source, bind }: VolumeMount): boolean {
  return type === "bind" && bind?.create_host_path !== false && !source?.includes(":");
}

function bindText({ source = "", target = "", read_only, bind }: VolumeMount): string {
  const modes = [read_only ? "ro" : "rw", ...(bind?.propagation === undefined ? [] : [bind.propagation])];
  return `${source}:${target}:${modes.join(",")}`;
}

function mountOf(project: Project, volume: VolumeMount): MountBody {
  const { type, source, target = "", read_only = false, bind, tmpfs } = volume;
  const shared = { Type: type, Target: target, ReadOnly: read_only };
  if (type === "tmpfs") {
    return { ...shared, TmpfsOptions: defined({ SizeBytes: tmpfs?.size, Mode: tmpfs?.mode }) };
  }
  if (type === "bind") {
    const options = { Propagation: bind?.propagation, CreateMountpoint: bind?.create_host_path ?? true };
    return { ...shared, Source: source ?? "", BindOptions: defined(options) };
  }
  const name = source === undefined ? undefined : (project.volumes[source]?.name ?? source);
  const { nocopy, subpath, labels } = volume.volume ?? {};
  const options = defined({ NoCopy: nocopy, Subpath: subpath, Labels: labels && textMap(labels) });
  return { ...shared, ...(name === undefined ? {} : { Source: name }), VolumeOptions: options };
}

function volumesFrom(project: Project, text: string): string {
  if (text.startsWith("container:")) return text.slice("container:".length);
  const [name = "", ...mode] = text.split(":");
  return [containerName(project, name, 1), ...mode].join(":");
}

function isolationOf(project: Project, service: Service): HostConfigBody {
  return defined({
    Privileged: service.privileged,
    ReadonlyRootfs: service.read_only,
    CapAdd: service.cap_add,
    CapDrop: service.cap_drop,
    ...(service.security_opt && withSystemPaths(service.security_opt)),
    GroupAdd: service.group_add,
    Sysctls: service.sysctls && textMap(service.sysctls),
    Devices: service.devices?.map(({ source, target = source, permissions = "rwm" }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    PidMode: sharedMode(project, service.pid),
    IpcMode: sharedMode(project, service.ipc),
    UTSMode: service.uts,
    UsernsMode: service.userns_mode,
    CgroupnsMode: service.cgroup,
    CgroupParent: service.cgroup_parent,
  });
}

function limitsOf(service: Service): HostConfigBody {
  const { limits, reservations } = service.deploy?.resources ?? {};
  const cpus = limits?.cpus ?? service.cpus;
  return defined({
    NanoCpus: cpus === undefined ? undefined : Math.round(Number(cpus) * 1e9),
    Memory: limits?.memory ?? service.mem_limit,
    MemoryReservation: reservations?.memory ?? service.mem_reservation,
    MemorySwap: service.memswap_limit,
    MemorySwappiness: service.mem_swappiness,
    CpuShares: service.cpu_shares,
    CpuPeriod: service.cpu_period,
    CpuQuota: service.cpu_quota,
    CpusetCpus: service.cpuset,
    PidsLimit: limits?.pids ?? service.pids_limit,
    ShmSize: service.shm_size,
    OomScoreAdj: service.oom_score_adj,
    OomKillDisable: service.oom_kill_disable,
    Ulimits:
      service.ulimits &&
      Object.entries(service.ulimits).map(([Name, { soft, hard }]) => ({ Name, Soft: soft, Hard: hard })),
  });
}

function blockIoOf(limits: BlockIo = {}): HostConfigBody {
  const rates = (devices: readonly DeviceRate[] | undefined) =>
    devices?.map(({ path, rate }) => ({ Path: path, Rate: rate }));
  return defined({
    BlkioWeight: limits.weight,
    BlkioWeightDevice: limits.weight_device?.map(({ path, weight }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: rates(limits.device_read_bps),
    BlkioDeviceReadIOps: rates(limits.device_read_iops),
    BlkioDeviceWriteBps: rates(limits.device_write_bps),
    BlkioDeviceWriteIOps: rates(limits.device_write_iops),
  });
}

function restartPolicyOf({ restart, deploy }: Service): HostConfigBody["RestartPolicy"] {
  if (restart !== undefined) {
    const [name = "no", count] = restart.split(":");
    return { Name: name, ...(count === undefined ? {} : { MaximumRetryCount: Number(count) }) };
  }
  const policy = deploy?.restart_policy;
  if (policy === undefined) return undefined;
  const names: Readonly<Record<string, string>> = { none: "no", any: "always", "on-failure": "on-failure" };
  const { condition = "any", max_attempts } = policy;
  return {
    Name: names[condition] ?? condition,
    ...(max_attempts === undefined || condition !== "on-failure" ? {} : { MaximumRetryCount: max_attempts }),
  };
}

function nonEmpty<T>(list: readonly T[]): readonly T[] | undefined {
  return list.length === 0 ? undefined : list;
}

type Defined<T> = { readonly [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without the keys whose value is undefined. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
