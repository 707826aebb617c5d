import type { Readable } from "node:stream";
import type { ImagePullPolicy } from "../image/pull-policy";
import type { StartedNetwork } from "../network/network";
import type { PortWithOptionalBinding } from "../ports/port";
import type { WaitStrategy } from "../wait/wait-strategy";
import type { ContainerEvent } from "./container-events";
import type { ExecOptions, ExecResult } from "./exec";
import type { EnvironmentOf } from "./request-extras";

export type Environment = { [key: string]: string };
export type Labels = { [key: string]: string };
export type TmpFs = { [path: string]: string };
export type Ulimits = { [name: string]: { hard: number | undefined; soft: number | undefined } };
export type ExtraHost = { host: string; ipAddress: string };
export type BindMode = "rw" | "ro" | "z" | "Z";
export type BindMount = { source: string; target: string; mode?: BindMode | undefined };

/** `memory` in GiB, `cpu` in CPUs; fractions are fine. */
export type ResourcesQuota = { memory?: number | undefined; cpu?: number | undefined };

/** Times in milliseconds; what is left out comes from the image. */
export type HealthCheck = {
  test: ["CMD-SHELL", string] | ["CMD", ...string[]];
  interval?: number | undefined;
  timeout?: number | undefined;
  retries?: number | undefined;
  startPeriod?: number | undefined;
};

export type Content = string | Buffer | Readable;
export type FileToCopy = { source: string; target: string; mode?: number | undefined };
export type DirectoryToCopy = { source: string; target: string; mode?: number | undefined };
export type ContentToCopy = { content: Content; target: string; mode?: number | undefined };
export type ArchiveToCopy = { tar: Readable; target: string };

export type CopyToContainerOptions = {
  /** A folder is never replaced by a file, nor the other way round. */
  noOverwriteDirNonDir?: boolean | undefined;
  /** Keep the owners the archive says. */
  copyUIDGID?: boolean | undefined;
};

/** `timeout`: milliseconds of grace before the kill; 0: none. */
export type StopOptions = { timeout: number; remove: boolean; removeVolumes: boolean };
export type RestartOptions = { timeout: number };
export type CommitOptions = {
  repo: string;
  tag: string;
  comment?: string | undefined;
  author?: string | undefined;
  pause?: boolean | undefined;
  /** Dockerfile instructions. */
  changes?: string[] | undefined;
  /** Default: true. */
  deleteOnExit?: boolean | undefined;
};

/** `since`: seconds since 1970. `tail`: last lines. */
export type LogsOptions = { since?: number | undefined; tail?: number | undefined };

export interface TestContainer {
  start(): Promise<StartedTestContainer>;
  withEnvironment(environment: Environment | EnvironmentOf): this;
  withCommand(command: string[]): this;
  withEntrypoint(entrypoint: string[]): this;
  withTmpFs(tmpFs: TmpFs): this;
  withUlimits(ulimits: Ulimits): this;
  withSecurityOpt(...options: string[]): this;
  withAddedCapabilities(...capabilities: string[]): this;
  withDroppedCapabilities(...capabilities: string[]): this;
  withExposedPorts(...ports: PortWithOptionalBinding[]): this;
  withBindMounts(bindMounts: BindMount[]): this;
  withWaitStrategy(waitStrategy: WaitStrategy): this;
  withStartupTimeout(startupTimeoutMs: number): this;
  withNetwork(network: StartedNetwork): this;
  withNetworkMode(networkMode: string): this;
  withExtraHosts(extraHosts: ExtraHost[]): this;
  withDefaultLogDriver(): this;
  withPrivilegedMode(): this;
  withPlatform(platform: string): this;
  withUser(user: string): this;
  withPullPolicy(pullPolicy: ImagePullPolicy): this;
  withReuse(): this;
  withAutoCleanup(autoCleanup: boolean): this;
  withAutoRemove(autoRemove: boolean): this;
  withCopyFilesToContainer(filesToCopy: FileToCopy[]): this;
  withCopyDirectoriesToContainer(directoriesToCopy: DirectoryToCopy[]): this;
  withCopyContentToContainer(contentsToCopy: ContentToCopy[]): this;
  withCopyArchivesToContainer(archivesToCopy: ArchiveToCopy[]): this;
  withCopyToContainerOptions(options: CopyToContainerOptions): this;
  withWorkingDir(workingDir: string): this;
  withResourcesQuota(quota: ResourcesQuota): this;
  withSharedMemorySize(bytes: number): this;
  withLogConsumer(logConsumer: (stream: Readable) => unknown): this;
  withHostname(hostname: string): this;
}

export interface StartedTestContainer extends AsyncDisposable {
  /**
   * Stops and, unless told otherwise, removes it with its anonymous volumes. The first call decides; later ones share
   * it.
   */
  stop(options?: Partial<StopOptions>): Promise<StoppedTestContainer>;
  /** Waits until it is ready again. Host ports may change. */
  restart(options?: Partial<RestartOptions>): Promise<void>;
  /** Returns the new image's id. */
  commit(options: CommitOptions): Promise<string>;
  /**
   * What happens to it from now on. Every container of this package has it; optional, so that classes of users which
   * implement this interface go on compiling. In TypeScript: `TestContainers.events(container)`.
   */
  events?(): AsyncIterable<ContainerEvent>;
  getHost(): string;
  getHostname(): string;
  getFirstMappedPort(): number;
  getMappedPort(port: number, protocol?: string): number;
  getMappedPort(port: `${number}/${"tcp" | "udp"}`): number;
  /** With a leading slash. */
  getName(): string;
  getLabels(): Labels;
  getId(): string;
  getNetworkNames(): string[];
  getNetworkId(networkName: string): string;
  getIpAddress(networkName: string): string;
  copyArchiveFromContainer(path: string): Promise<NodeJS.ReadableStream>;
  copyArchiveToContainer(tar: Readable, target?: string, options?: CopyToContainerOptions): Promise<void>;
  copyDirectoriesToContainer(directoriesToCopy: DirectoryToCopy[]): Promise<void>;
  copyFilesToContainer(filesToCopy: FileToCopy[]): Promise<void>;
  copyContentToContainer(contentsToCopy: ContentToCopy[]): Promise<void>;
  /** A command that fails is a result, not an error. A string is split at spaces, without quoting. */
  exec(command: string | string[], options?: Partial<ExecOptions>): Promise<ExecResult>;
  /**
   * Both streams as text, followed until the container stops. Whoever waits for its end (`for await`, `pipeline`,
   * `finished`) keeps the process alive; a mere `data` listener, or a pipe, does not.
   */
  logs(options?: LogsOptions): Promise<Readable>;
}

export interface StoppedTestContainer {
  getId(): string;
  /** Throws `container-not-found` if it was removed. */
  copyArchiveFromContainer(path: string): Promise<NodeJS.ReadableStream>;
}
