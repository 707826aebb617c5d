import type { Readable } from "node:stream";
import { type ContainerEvent, eventsOf } from "./container-events";
import type { ExecOptions, ExecResult } from "./exec";
import type {
  CommitOptions,
  ContentToCopy,
  CopyToContainerOptions,
  DirectoryToCopy,
  FileToCopy,
  Labels,
  LogsOptions,
  RestartOptions,
  StartedTestContainer,
  StopOptions,
  StoppedTestContainer,
} from "./types";

/**
 * Base of the started containers of modules: delegates everything. `startedTestContainer` is an ordinary field because
 * subclasses declare it again (contract, section 0).
 */
export class AbstractStartedContainer implements StartedTestContainer {
  protected readonly startedTestContainer: StartedTestContainer;

  constructor(startedTestContainer: StartedTestContainer) {
    this.startedTestContainer = startedTestContainer;
  }

  protected containerStopping?(): Promise<void>;
  protected containerStopped?(): Promise<void>;

  async stop(options?: Partial<StopOptions>): Promise<StoppedTestContainer> {
    await this.containerStopping?.();
    const stopped = await this.startedTestContainer.stop(options);
    await this.containerStopped?.();
    return stopped;
  }

  restart(options?: Partial<RestartOptions>): Promise<void> {
    return this.startedTestContainer.restart(options);
  }

  commit(options: CommitOptions): Promise<string> {
    return this.startedTestContainer.commit(options);
  }

  events(): AsyncIterable<ContainerEvent> {
    return eventsOf(this.startedTestContainer);
  }

  getHost(): string {
    return this.startedTestContainer.getHost();
  }

  getHostname(): string {
    return this.startedTestContainer.getHostname();
  }

  getFirstMappedPort(): number {
    return this.startedTestContainer.getFirstMappedPort();
  }

  getMappedPort(port: number, protocol?: string): number;
  getMappedPort(port: `${number}/${"tcp" | "udp"}`): number;
  getMappedPort(port: number | `${number}/${"tcp" | "udp"}`, protocol?: string): number {
    return typeof port === "number"
      ? this.startedTestContainer.getMappedPort(port, protocol)
      : this.startedTestContainer.getMappedPort(port);
  }

  getName(): string {
    return this.startedTestContainer.getName();
  }

  getLabels(): Labels {
    return this.startedTestContainer.getLabels();
  }

  getId(): string {
    return this.startedTestContainer.getId();
  }

  getNetworkNames(): string[] {
    return this.startedTestContainer.getNetworkNames();
  }

  getNetworkId(networkName: string): string {
    return this.startedTestContainer.getNetworkId(networkName);
  }

  getIpAddress(networkName: string): string {
    return this.startedTestContainer.getIpAddress(networkName);
  }

  copyArchiveFromContainer(path: string): Promise<NodeJS.ReadableStream> {
    return this.startedTestContainer.copyArchiveFromContainer(path);
  }

  copyArchiveToContainer(tar: Readable, target = "/", options: CopyToContainerOptions = {}): Promise<void> {
    return this.startedTestContainer.copyArchiveToContainer(tar, target, options);
  }

  copyDirectoriesToContainer(directoriesToCopy: DirectoryToCopy[]): Promise<void> {
    return this.startedTestContainer.copyDirectoriesToContainer(directoriesToCopy);
  }

  copyFilesToContainer(filesToCopy: FileToCopy[]): Promise<void> {
    return this.startedTestContainer.copyFilesToContainer(filesToCopy);
  }

  copyContentToContainer(contentsToCopy: ContentToCopy[]): Promise<void> {
    return this.startedTestContainer.copyContentToContainer(contentsToCopy);
  }

  exec(command: string | string[], options?: Partial<ExecOptions>): Promise<ExecResult> {
    return this.startedTestContainer.exec(command, options);
  }

  logs(options?: LogsOptions): Promise<Readable> {
    return this.startedTestContainer.logs(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
