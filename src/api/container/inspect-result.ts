import type { ContainerInspect } from "../../wire/container";

export type HealthCheckStatus = "none" | "starting" | "unhealthy" | "healthy";

/** A container as it was at one moment. */
export interface InspectResult {
  /** With a leading slash. */
  name: string;
  hostname: string;
  ports: { [portSlashProtocol: string]: { hostIp: string; hostPort: number }[] };
  healthCheckStatus: HealthCheckStatus;
  networkSettings: { [network: string]: { networkId: string; ipAddress: string } };
  state: { status: string; running: boolean; startedAt: Date; finishedAt: Date | undefined };
  labels: { [label: string]: string };
}

export function inspectResultOf(inspect: ContainerInspect): InspectResult {
  const { State, Config, HostConfig, NetworkSettings } = inspect;
  const finishedAt = new Date(State.FinishedAt);
  return {
    name: inspect.Name,
    hostname: Config.Hostname,
    ports: HostConfig["NetworkMode"] === "host" ? hostPortsOf(Config) : portsOf(NetworkSettings.Ports),
    healthCheckStatus: healthOf(State),
    networkSettings: Object.fromEntries(
      Object.entries(NetworkSettings.Networks).map(([name, { NetworkID, IPAddress }]) => [
        name,
        { networkId: NetworkID ?? "", ipAddress: IPAddress ?? "" },
      ]),
    ),
    state: {
      status: State.Status,
      running: State.Running,
      startedAt: new Date(State.StartedAt),
      // Docker's zero time is in the year 1.
      finishedAt: finishedAt.getTime() < 0 ? undefined : finishedAt,
    },
    labels: { ...Config.Labels },
  };
}

function portsOf(ports: ContainerInspect["NetworkSettings"]["Ports"]): InspectResult["ports"] {
  return Object.fromEntries(
    Object.entries(ports ?? {}).flatMap(([key, bindings]) =>
      bindings === null
        ? []
        : [[key, bindings.map(({ HostIp, HostPort }) => ({ hostIp: HostIp, hostPort: Number(HostPort) }))]],
    ),
  );
}

/** On the host's network a container's port is the host's port. */
function hostPortsOf({ ExposedPorts }: ContainerInspect["Config"]): InspectResult["ports"] {
  return Object.fromEntries(
    Object.keys(ExposedPorts ?? {}).map((key) => [key, [{ hostIp: "", hostPort: Number.parseInt(key, 10) }]]),
  );
}

/** Podman calls it Healthcheck. */
function healthOf(state: ContainerInspect["State"] & { Healthcheck?: { Status: string } }): HealthCheckStatus {
  return (state.Health?.Status || state.Healthcheck?.Status || "none") as HealthCheckStatus;
}
