import type { Logger } from "../../internal/log";
import type { ContainerRun, RuntimeParts } from "../../runtime/container";
import type { ImageStore } from "../../runtime/image/image-store";
import type { MemoryQueue } from "../memory/memory-queue";
import type { Networks } from "../networks/network-service";
import type { EventSink } from "../routes/event-service";
import type { ContainerRecord } from "../state/container-record";
import type { RecordStore } from "../state/record-store";
import type { RefIndex } from "../state/ref-index";
import type { Volumes } from "../volumes/volume-service";
import type { Container } from "./container";

/** A command of a build. */
export interface RunningStep {
  readonly run: Pick<ContainerRun, "group">;
  /** Bytes; 0: without a limit. */
  readonly memoryLimit: number;
  /** As of `Date.now`. */
  readonly startedAtMs: number;
}

/** What the verbs on containers work with. */
export interface ContainerContext {
  readonly index: RefIndex<Container>;
  /** Names of containers that are being created. */
  readonly names: Set<string>;
  /** Leases under which somebody makes a reusable container. */
  readonly reuseMakers: Set<string>;
  readonly store: RecordStore<ContainerRecord>;
  readonly images: ImageStore;
  readonly volumes: Volumes;
  readonly networks: Networks;
  readonly runtime: RuntimeParts;
  readonly events: EventSink;
  /** Steps of builds that run. */
  readonly steps: Set<RunningStep>;
  /** Undefined: nobody waits for memory. */
  readonly memory: Pick<MemoryQueue, "admit"> | undefined;
  readonly logger: Logger;
  /** Where this engine's API is served. */
  readonly socketPath: string;
  /** Logs a text the first time it is given. */
  warnOnce(text: string): void;
  /** Something began or stopped running: the idle clock looks again. */
  onActivity(): void;
}
