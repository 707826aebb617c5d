import type { Digest } from "../../runtime/image/digest";
import type { ContainerState } from "../../runtime/process/state";
import type { ContainerSpec, EndpointSpec } from "../routes/container-spec";
import type { EffectiveConfig, MountView, Timestamp } from "../routes/container-view";

/** What of a container outlives the engine. */
export interface ContainerRecord {
  readonly id: string;
  readonly name: string;
  readonly createdAt: Timestamp;
  readonly spec: ContainerSpec;
  readonly config: EffectiveConfig;
  readonly imageId: Digest;
  /** Lowest first. */
  readonly diffIds: readonly Digest[];
  readonly mounts: readonly MountRecord[];
  /** As connect and disconnect left them; the first is that of the network mode. */
  readonly endpoints: readonly EndpointSpec[];
  readonly state: LastState;
  readonly restartCount: number;
  /** Whether files that were copied in are programs of a 32-bit machine. Absent: none is. */
  readonly has32BitPrograms?: boolean;
}

export interface MountRecord extends MountView {
  /** As in mount(8); for tmpfs. */
  readonly options: readonly string[];
  /** Of a volume's subpath: the volume's folder, see `Mount.root`. */
  readonly root?: string;
}

export interface LastState {
  readonly status: ContainerState;
  readonly exitCode: number;
  readonly error: string;
  readonly isOutOfMemory: boolean;
  readonly startedAt?: Timestamp;
  readonly finishedAt?: Timestamp;
}

export const neverStarted: LastState = { status: "created", exitCode: 0, error: "", isOutOfMemory: false };

/** The label by which everything of one test session is found. */
export const sessionLabel = "org.testcontainers.session-id";
