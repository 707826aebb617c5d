import { hasShape } from "../../internal/json-shape";
import type { Digest } from "../../runtime/image/digest";
import { type ContainerState, containerStates } from "../../runtime/process/state";
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
  /** A program of the engine's own runs in place of the image's. */
  readonly standIn?: "reaper";
  /** Whether files that were copied in are programs of a 32-bit machine. Absent: none is. */
  readonly has32BitPrograms?: boolean;
  /** Whether it is ready to be handed out to whoever asks for such a container; false: not yet. Absent: it is none. */
  readonly isReusable?: boolean;
}

/** Of what is in a file: enough for the engine to list, show and remove it. */
export function isContainerRecord(value: unknown, id: string): value is ContainerRecord {
  const kinds = { id: "string", name: "string", createdAt: "string", imageId: "string" } as const;
  const parts = { spec: "object", config: "object", state: "object", diffIds: "array" } as const;
  if (!hasShape(value, { ...kinds, ...parts, mounts: "array", endpoints: "array" })) return false;
  const { id: ownId, spec, config, state } = value as ContainerRecord;
  return ownId === id && hasShape(spec, specKinds) && hasShape(config, { labels: "object" }) && isState(state);
}

const specKinds = { image: "string", logs: "object", networkMode: "object", restartPolicy: "object" } as const;

function isState(state: LastState): boolean {
  return hasShape(state, { status: "string" }) && containerStates.includes(state.status);
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

/** The key of a reusable container: by it a client of Docker's API finds such a container as well. */
export const reuseKeyLabel = "org.testcontainers.container-hash";
