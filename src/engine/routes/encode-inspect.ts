import { posix } from "node:path";
import type { ContainerConfigJson, ContainerInspect, ContainerStateJson, MountPoint } from "../../wire/container";
import { formatPortKey } from "../../wire/ports";
import type { ApiVersion } from "../../wire/versions";
import { booleanField, objectField } from "../http/json-fields";
import type { ContainerState, ContainerView, MountView } from "./container-view";
import { encodeHealth, encodeHealthCheck } from "./encode-health";
import { encodeHostConfig } from "./encode-host-config";
import { encodeNetworkSettings } from "./encode-network-settings";

/** What Docker says for "never"; clients compare with exactly this. */
const zeroTime = "0001-01-01T00:00:00Z";

/** Answer of `GET /containers/{id}/json`. */
export function encodeInspect(view: ContainerView, version: ApiVersion): ContainerInspect {
  const [path = "", ...args] = [...view.config.entrypoint, ...view.config.command];
  return {
    Id: view.id,
    Created: view.createdAt,
    Path: path,
    Args: args,
    State: encodeState(view.state),
    Image: view.imageId,
    ResolvConfPath: view.paths.resolvConf,
    HostnamePath: view.paths.hostname,
    HostsPath: view.paths.hosts,
    LogPath: view.paths.log,
    Name: `/${view.name}`,
    RestartCount: view.restartCount,
    Driver: view.storageDriver,
    Platform: "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: view.appArmorProfile,
    ExecIDs: view.execIds.length === 0 ? null : view.execIds,
    HostConfig: encodeHostConfig(view),
    GraphDriver: { Name: view.storageDriver, Data: {} },
    ...(view.size === undefined ? {} : { SizeRw: view.size.writable, SizeRootFs: view.size.total }),
    Mounts: encodeMountPoints(view),
    Config: encodeConfig(view),
    NetworkSettings: encodeNetworkSettings(view, version),
  };
}

/** As Docker, without what `--tmpfs` asked for: HostConfig has it. */
export function encodeMountPoints({ mounts, spec }: ContainerView): readonly MountPoint[] {
  const ofHostConfig = Object.keys(objectField(spec.raw.hostConfig, "Tmpfs")).map((path) => posix.join(path, "."));
  return mounts.filter(({ kind, target }) => kind !== "tmpfs" || !ofHostConfig.includes(target)).map(encodeMountPoint);
}

function encodeMountPoint(mount: MountView): MountPoint {
  return {
    Type: mount.kind,
    ...(mount.name === undefined ? {} : { Name: mount.name }),
    Source: mount.source,
    Destination: mount.target,
    ...(mount.kind === "volume" ? { Driver: "local" } : {}),
    Mode: mount.mode,
    RW: !mount.isReadOnly,
    Propagation: mount.propagation,
  };
}

function encodeState(state: ContainerState): ContainerStateJson {
  const { status } = state;
  return {
    Status: status,
    Running: status === "running" || status === "paused" || status === "restarting",
    Paused: status === "paused",
    Restarting: status === "restarting",
    OOMKilled: state.isOutOfMemory,
    Dead: status === "dead",
    Pid: state.pid,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt ?? zeroTime,
    FinishedAt: state.finishedAt ?? zeroTime,
    ...(state.memoryWaitMs === undefined ? {} : { RuncibleMemoryWaitMs: state.memoryWaitMs }),
    ...(state.health === undefined ? {} : { Health: encodeHealth(state.health) }),
  };
}

function encodeConfig({ config, spec }: ContainerView): ContainerConfigJson {
  const { exposedPorts, volumes } = config;
  return {
    Hostname: config.hostname,
    Domainname: spec.domainname ?? "",
    User: config.user,
    AttachStdin: booleanField(spec.raw.config, "AttachStdin"),
    AttachStdout: booleanField(spec.raw.config, "AttachStdout"),
    AttachStderr: booleanField(spec.raw.config, "AttachStderr"),
    ...(exposedPorts.length === 0 ? {} : { ExposedPorts: keysOf(exposedPorts.map(formatPortKey)) }),
    Tty: spec.tty,
    OpenStdin: spec.openStdin,
    StdinOnce: spec.stdinOnce,
    Env: config.environment,
    Cmd: config.command.length === 0 ? null : config.command,
    ...(config.statedHealthCheck === undefined ? {} : { Healthcheck: encodeHealthCheck(config.statedHealthCheck) }),
    Image: spec.image,
    Volumes: volumes.length === 0 ? null : keysOf(volumes),
    WorkingDir: config.workingDir === "/" ? "" : config.workingDir,
    Entrypoint: config.entrypoint.length === 0 ? null : config.entrypoint,
    OnBuild: null,
    Labels: config.labels,
    ...(config.stopSignal === undefined ? {} : { StopSignal: config.stopSignal }),
    ...(spec.stopTimeoutSeconds === undefined ? {} : { StopTimeout: spec.stopTimeoutSeconds }),
  };
}

function keysOf(names: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => [name, {}]));
}
