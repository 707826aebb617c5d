import type { Readable } from "node:stream";
import type { Filters } from "../../wire/filters";
import type { ContainerPort } from "../../wire/ports";
import type { ContainerSpec, ResourceSpec, RestartPolicy } from "./container-spec";
import type { ContainerView, PublishedPort } from "./container-view";
import type { ImageRunConfigView } from "./image-service";
import type { AttachedProcess, ClientInput, OutputChunk, TerminalSize } from "./stream-types";

/**
 * Containers, as the routes need them. `ref` is a full id, a unique prefix of one, a name, or `/name`. Every method
 * that takes one throws `container-not-found` (text from wire/docker-errors, which clients match on) when there is
 * none.
 */
export interface ContainerService {
  /**
   * Makes the container and everything it needs on disk, volumes filled from the image included; does not start it.
   * Throws `image-not-found` only when the image lacks (the docker CLI pulls on any 404 of this call), `name-in-use`,
   * `bind-source-missing`, `invalid-argument` ("No command specified", …).
   */
  create(spec: ContainerSpec): Promise<{ readonly id: string; readonly warnings: readonly string[] }>;

  /**
   * Resolves when the process runs and its published ports accept. Throws `not-modified` when it runs already,
   * `executable-not-found` / `executable-not-permitted` (runc's own text), `port-in-use`, `network-not-found`. After a
   * failed start the container is `created` again with `state.error`, or gone if it was `autoRemove`.
   */
  start(ref: string): Promise<void>;

  /**
   * Stop signal, then SIGKILL after the time. Resolves when the container has exited. Throws `not-modified` when it
   * does not run. Also ends a restart loop. Two stops at once both resolve.
   */
  stop(ref: string, options: StopOptions): Promise<void>;

  /** Stop if running, then start. */
  restart(ref: string, options: StopOptions): Promise<void>;

  /** Throws `container-not-running`. `signal` is a name with or without SIG, or a number; default: KILL. */
  kill(ref: string, signal: string): Promise<void>;

  /** Throws `container-not-running` or, when it is paused already, `container-state`. */
  pause(ref: string): Promise<void>;
  unpause(ref: string): Promise<void>;

  /** Throws `name-in-use`. The new name answers in DNS at once. */
  rename(ref: string, name: string): Promise<void>;

  /** Changes limits, of a running container too. Absent fields stay. */
  update(ref: string, change: UpdateRequest): Promise<{ readonly warnings: readonly string[] }>;

  /**
   * Resolves when the container, its addresses and its ports are gone. Throws `container-state` when it runs and not
   * `force`, and when another removal is under way (text "removal of container … is already in progress").
   */
  remove(ref: string, options: RemoveOptions): Promise<void>;

  inspect(ref: string, options: { readonly size: boolean }): Promise<ContainerView>;

  /** All containers in any order; the route selects (see container-selection.ts) and sorts. */
  list(options: { readonly size: boolean }): Promise<readonly ContainerView[]>;

  /** Removes what does not run and matches. `filters`: until, label, label!. */
  prune(filters: Filters): Promise<{ readonly ids: readonly string[]; readonly reclaimedBytes: number }>;

  /**
   * Returns once the container is known to exist and the wait is registered, so that the route can send its headers;
   * `outcome` then settles. `not-running` (default): at once unless it runs. `next-exit`: the next exit, even if it is
   * not started yet. `removed`: when it is gone.
   */
  wait(ref: string, condition: WaitCondition, signal: AbortSignal): Promise<{ readonly outcome: Promise<WaitOutcome> }>;

  /**
   * Past lines, then (with `follow`) new ones until the current run ends. Order across both streams is kept. One item
   * is one line with its line end, long ones in pieces of 16 KiB. Empty for a container that never ran. Throws
   * `not-implemented` when the log driver keeps nothing.
   */
  logs(ref: string, options: LogOptions): Promise<LogStream>;

  /**
   * Also before the start: everything from the first byte is delivered. `input` (if given) feeds the process; its end
   * closes the process's stdin when the container was made with `stdinOnce`. Throws `container-state` when paused.
   */
  attach(ref: string, options: AttachOptions): Promise<AttachedProcess>;

  /** Throws `container-not-running`. */
  resize(ref: string, size: TerminalSize): Promise<void>;

  /** Processes as `ps` shows them; `psArgs` default: `-ef`. Throws `container-not-running`. */
  top(ref: string, psArgs: string): Promise<ProcessTable>;

  /** One sample; null for a container that does not run. */
  stats(ref: string): Promise<StatsSample | null>;

  /** Paths changed in the root since it was made from the image. */
  /**
   * The container's own files as tar, without what is mounted over them, whether it runs or not. The reader may destroy
   * the stream at any time.
   */
  exportRoot(ref: string, signal: AbortSignal): Promise<Readable>;
  changes(ref: string): AsyncIterable<{ readonly path: string; readonly kind: "modified" | "added" | "deleted" }>;

  /** A new image of the container's root and config. Throws `invalid-argument` for a change that is none. */
  commit(ref: string, options: CommitOptions): Promise<{ readonly imageId: string }>;

  /** Takes it out of its session, and from those that are reused: it stays when that ends, and nobody is given it. */
  keep(ref: string): Promise<void>;

  /**
   * Resolves when the container's network has a listener on every port (an address other than loopback, or all) and a
   * connection to each that is TCP's succeeded, with where these are published; on the host's network, or on none, the
   * listener alone counts. Throws `container-exited` with exit code and last log lines as evidence when the container
   * ends first, `wait-timeout` with the ports and what is the case (`seen`), `aborted`.
   */
  waitForListening(ref: string, options: WaitForListeningOptions): Promise<PublishedPort["bindings"]>;
}

export interface StopOptions {
  /** Seconds; absent: the container's own; 0: kill at once; -1: wait for ever. */
  readonly timeoutSeconds?: number;
  readonly signal?: string;
}

export interface RemoveOptions {
  readonly force: boolean;
  /** Anonymous volumes too. */
  readonly volumes: boolean;
}

export interface UpdateRequest {
  /** Only what is to change. */
  readonly resources: Partial<ResourceSpec>;
  readonly restartPolicy?: RestartPolicy;
}

export type WaitCondition = "not-running" | "next-exit" | "removed";

export interface WaitOutcome {
  readonly exitCode: number;
}

export interface LogOptions {
  readonly follow: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Nanoseconds since 1970; absent: from the beginning. Lines at exactly this time are included. */
  readonly since?: bigint;
  readonly until?: bigint;
  /** Last lines; absent: all. */
  readonly tail?: number;
  readonly signal: AbortSignal;
}

export interface LogStream {
  readonly isTty: boolean;
  /** As many at a time as are there. */
  readonly records: AsyncIterable<readonly LogRecord[]>;
}

export interface LogRecord extends OutputChunk {
  /** Nanoseconds since 1970. */
  readonly time: bigint;
}

export interface AttachOptions {
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** Absent: standard input is not attached. */
  readonly input?: ClientInput;
  /** Replay the stored log first. */
  readonly logs: boolean;
  /** Deliver what comes from now on; without it only the replay. */
  readonly stream: boolean;
  /** Typed into a terminal, they end the attachment; the container goes on. */
  readonly detachKeys: Uint8Array;
  readonly signal: AbortSignal;
}

export interface ProcessTable {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

export interface StatsSample {
  readonly readAt: string;
  readonly pids: number;
  readonly cpu: {
    /** Nanoseconds. */
    readonly totalNs: number;
    readonly kernelNs: number;
    readonly userNs: number;
    /** Of the whole machine, all CPUs together. */
    readonly systemNs: number;
    readonly onlineCpus: number;
    readonly throttledPeriods: number;
    readonly periods: number;
    readonly throttledNs: number;
  };
  readonly memory: {
    readonly usageBytes: number;
    readonly limitBytes: number;
    /** cgroup's own names and values: `inactive_file`, … */
    readonly stats: Readonly<Record<string, number>>;
  };
  readonly blockIo: readonly {
    readonly major: number;
    readonly minor: number;
    readonly operation: "read" | "write";
    readonly bytes: number;
  }[];
  readonly interfaces: Readonly<Record<string, InterfaceCounters>>;
}

export interface InterfaceCounters {
  readonly receivedBytes: number;
  readonly receivedPackets: number;
  readonly receiveErrors: number;
  readonly receiveDropped: number;
  readonly sentBytes: number;
  readonly sentPackets: number;
  readonly sendErrors: number;
  readonly sendDropped: number;
}

export interface CommitOptions {
  /** `repository[:tag]`; absent: an image without a name. */
  readonly reference?: string;
  readonly comment: string;
  readonly author: string;
  readonly pause: boolean;
  /** In place of the container's own; keys that are absent stay as they are. */
  readonly config: ImageRunConfigView;
  /** Dockerfile instructions, one per element. */
  readonly changes: readonly string[];
  /** Whoever asked is gone. */
  readonly signal: AbortSignal;
}

export interface WaitForListeningOptions {
  readonly ports: readonly ContainerPort[];
  /** Milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}
