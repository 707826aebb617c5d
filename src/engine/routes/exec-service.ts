import type { AttachedProcess, ClientInput, TerminalSize } from "./stream-types";

/** Further processes in running containers. `id` is an exec id; an unknown one throws `exec-not-found`. */
export interface ExecService {
  /** Throws `container-not-found`, `container-not-running`, `container-state` when paused. Starts nothing. */
  create(containerRef: string, spec: ExecSpec): Promise<{ readonly id: string }>;

  /**
   * Starts the process and hands over its streams. A process that cannot be started (no such executable, user, folder)
   * is no error here: its output is one stdout chunk with runc's text and its exit code 126 or 127. `inspect` tells
   * `isRunning: false` and the exit code before `output` ends. Throws `container-state` ("Exec command … has already
   * run") the second time, `container-not-running`.
   */
  start(id: string, options: ExecStartOptions): Promise<AttachedProcess>;

  /** Starts the process without streams. Throws when it cannot be started. */
  startDetached(id: string): Promise<void>;

  inspect(id: string): Promise<ExecView>;

  /** Throws `exec-not-found` after the end. */
  resize(id: string, size: TerminalSize): Promise<void>;
}

export interface ExecSpec {
  /** Never empty. */
  readonly command: readonly string[];
  /** `K=V`, added to the container's; `K` takes one of the container's away. */
  readonly environment: readonly string[];
  /** Absent: the container's. */
  readonly user?: string;
  readonly workingDir?: string;
  readonly tty: boolean;
  readonly privileged: boolean;
  readonly attachStdin: boolean;
  /** Whether `start` shows what the process writes there. */
  readonly attachStdout: boolean;
  readonly attachStderr: boolean;
  /** Of its terminal, unless the start says another. */
  readonly size?: TerminalSize;
  /** As the client wrote them, for inspect. */
  readonly detachKeys: string;
}

export interface ExecStartOptions {
  /** Given when the exec was created with `attachStdin`; its end closes the process's stdin. */
  readonly input?: ClientInput;
  /** Typed into a terminal, they end the output; the process goes on. */
  readonly detachKeys: Uint8Array;
  readonly size?: TerminalSize;
  /** The client is gone: the streams may be dropped, the process goes on. */
  readonly signal: AbortSignal;
}

export interface ExecView {
  readonly id: string;
  readonly containerId: string;
  readonly spec: ExecSpec;
  readonly isRunning: boolean;
  /** 0 before the start and after the end. */
  readonly pid: number;
  /** Null before the end. */
  readonly exitCode: number | null;
}
