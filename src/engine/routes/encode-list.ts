import type { ContainerSummary } from "../../wire/container";
import type { ApiVersion } from "../../wire/versions";
import type { ContainerState, ContainerView, Timestamp } from "./container-view";
import { encodeNetworkMode } from "./encode-host-config";
import { encodeMountPoints } from "./encode-inspect";
import { encodeEndpoints, encodePortSummaries } from "./encode-network-settings";
import { humanDuration } from "./human-duration";

/** One entry of `GET /containers/json`. `now`: milliseconds since 1970, for the status text. */
export function encodeSummary(view: ContainerView, version: ApiVersion, now: number): ContainerSummary {
  return {
    Id: view.id,
    Names: [`/${view.name}`],
    Image: view.spec.image,
    ImageID: view.imageId,
    Command: [...view.config.entrypoint, ...view.config.command].map(quoteArgument).join(" "),
    Created: Math.floor(Date.parse(view.createdAt) / 1000),
    Ports: encodePortSummaries(view.ports),
    Labels: view.config.labels,
    State: view.state.status,
    Status: statusText(view.state, now),
    HostConfig: { NetworkMode: encodeNetworkMode(view.spec.networkMode) },
    NetworkSettings: { Networks: encodeEndpoints(view, version) },
    Mounts: encodeMountPoints(view),
    ...(view.size === undefined ? {} : { SizeRw: view.size.writable, SizeRootFs: view.size.total }),
  };
}

/** `Up 10 minutes (healthy)`, `Exited (7) 19 seconds ago`, … */
export function statusText(state: ContainerState, now: number): string {
  const since = (time: Timestamp | undefined): string =>
    humanDuration(time === undefined ? 0 : Math.max(0, now - Date.parse(time)));
  switch (state.status) {
    case "created":
      return "Created";
    case "running":
      return `Up ${since(state.startedAt)}${healthText(state)}`;
    case "paused":
      return `Up ${since(state.startedAt)} (Paused)`;
    case "restarting":
      return `Restarting (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "removing":
      return "Removal In Progress";
    case "exited":
      return `Exited (${state.exitCode}) ${since(state.finishedAt)} ago`;
    case "dead":
      return "Dead";
    default:
      return state.status satisfies never;
  }
}

function healthText({ health }: ContainerState): string {
  if (health === undefined) return "";
  return health.status === "starting" ? " (health: starting)" : ` (${health.status})`;
}

/** Quoted as a shell would need it, only where it would. */
function quoteArgument(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
