import type { HealthcheckBody } from "./container-create";

/** Body of `POST /runcible/session`. */
export interface SessionBody {
  readonly Id?: string;
  /** What carries one of these labels belongs to the session as well as what carries its id. */
  readonly Claims?: Readonly<Record<string, string>>;
}

/** First and only line of the answer, which stays open as long as the session lives. */
export interface SessionOpened {
  readonly Id: string;
}

/** Answer of `GET /runcible/info`. */
export interface RuncibleInfo {
  readonly Version: string;
  readonly Pid: number;
  readonly InstanceId: string;
  readonly StartedAt: string;
  readonly ApiVersion: string;
  readonly Capabilities: readonly string[];
  /** Of the engine, as `ownNetworkId` tells it: whoever has the same shares its loopback. Absent: not known. */
  readonly NetworkId?: string;
  /** It was told to stay: somebody's shell points at it. Absent: no. */
  readonly IsStaying?: boolean;
}

/** Body of `POST /runcible/containers/{id}/wait-ports`; answered by 200 `PortsAnswering`. */
export interface WaitPortsBody {
  /** `80/tcp` */
  readonly Ports: readonly string[];
  readonly TimeoutMs: number;
}

export interface PortsAnswering {
  /** Where those ports are published that a connection from the engine came through to. Absent: it did not try. */
  readonly Answering?: readonly { readonly HostIp: string; readonly HostPort: number }[];
}

/**
 * Body of `POST /runcible/host-ports`; answered by 200 `{}`. Until the session ends, containers reach these ports of
 * the engine's machine as `host.testcontainers.internal`.
 */
export interface HostPortsBody {
  /** Of an open session. */
  readonly Session: string;
  /** TCP. */
  readonly Ports: readonly number[];
}

/** Body of `POST /runcible/held-ports`, answered by 201 `PortHeld`. */
export interface HoldPortBody {
  /** Of an open session. */
  readonly Session: string;
}

/** A free port of the engine's machine; only a container of the session gets it. */
export interface PortHeld {
  readonly Port: number;
}

/** Body of `POST /runcible/held-ports/release`; answered by 200 `{}`. */
export interface ReleasePortBody {
  readonly Session: string;
  readonly Port: number;
}

/**
 * Body of `POST /runcible/reuse`; the answer's first line is `ReuseLeased`, and it stays open as long as the lease. It
 * comes when nobody is making such a container.
 */
export interface ReuseBody {
  /** Also a label of the container: `org.testcontainers.container-hash`. */
  readonly Key: string;
}

export interface ReuseLeased {
  /** Absent: the caller is to make the container, and to say when it is ready. */
  readonly Id?: string;
  /**
   * Of who is to make it: what to label it with (`reuseLeaseLabel`), so that nothing is made after the lease has ended.
   */
  readonly Lease?: string;
}

/** Names the lease under which a reusable container is made. */
export const reuseLeaseLabel = "runcible.reuse-lease";

/** Body of `POST /runcible/reuse/ready`; answered by 200 `{}`. */
export interface ReuseReadyBody {
  readonly Key: string;
  readonly Id: string;
}

/** Answer of `POST /runcible/reuse/prune`. */
export interface ReusePruned {
  /** Ids of the containers. */
  readonly Removed: readonly string[];
}

/** Body of `POST /runcible/images/host`: an image made of programs of the engine's own machine. */
export interface HostImageBody {
  /** Reference to tag the image with. */
  readonly Name: string;
  /** Programs, with the libraries they need; names on PATH or absolute paths. */
  readonly Executables?: readonly string[];
  /** Files and folders that come along as they are. */
  readonly Paths?: readonly string[];
  readonly Config?: HostImageConfig;
}

export interface HostImageConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, object>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, object>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
  readonly Healthcheck?: HealthcheckBody;
}

/** The hosts that a pull of an image would ask: its own registry, and what registries.conf puts in its place. */
export interface ImageRegistries {
  readonly Registries: readonly string[];
}

export interface HostImageBuilt {
  readonly Id: string;
}
