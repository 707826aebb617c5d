import type { Readable } from "node:stream";
import type { EngineClient } from "../../client/client";
import { messageOf, RuncibleError } from "../../internal/errors";
import type { ContainerInspect } from "../../wire/container";
import { checkedDuration, checkedList, checkedObject, checkedWith } from "../checks";
import { LABEL_TESTCONTAINERS_SESSION_ID } from "../labels";
import { log } from "../log";
import { BoundPorts } from "../ports/bound-ports";
import type { PortWithOptionalBinding } from "../ports/port";
import { containerHandle } from "../runtime/container-handle";
import { isGoneWithEngine, type Runtime } from "../runtime/runtime";
import { waitByStrategy } from "../wait/wait-by-strategy";
import type { WaitStrategy } from "../wait/wait-strategy";
import { type ContainerEvent, containerEvents } from "./container-events";
import { type CopySources, packSources } from "./copy";
import { type ExecOptions, type ExecResult, execIn } from "./exec";
import { type InspectResult, inspectResultOf } from "./inspect-result";
import { inspectPublished } from "./published-ports";
import { checkContentKind, checkSource } from "./request-checks";
import type { Stoppable } from "./request-extras";
import { startFailure } from "./start-failure";
import { stopAll } from "./start-graph";
import { StoppedGenericContainer } from "./stopped-generic-container";
import { traceLog } from "./trace-log";
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

export interface StartedContainerDetails {
  readonly runtime: Runtime;
  readonly inspect: ContainerInspect;
  /** Default: what the daemon says, with a slash before it. */
  readonly name?: string;
  readonly boundPorts: BoundPorts;
  /** Of the request: others the image exposes are not shown. */
  readonly exposedPorts: readonly PortWithOptionalBinding[];
  readonly waitStrategy: WaitStrategy;
  /** Whether `stop` removes by default. */
  readonly autoRemove: boolean;
  /** Stopped after it. */
  readonly dependencies?: readonly Stoppable[];
}

export class StartedGenericContainer implements StartedTestContainer {
  readonly #runtime: Runtime;
  readonly #id: string;
  readonly #image: string;
  readonly #name: string | undefined;
  readonly #exposedPorts: readonly PortWithOptionalBinding[];
  readonly #waitStrategy: WaitStrategy;
  readonly #autoRemove: boolean;
  readonly #dependencies: readonly Stoppable[];
  #inspect: InspectResult;
  #boundPorts: BoundPorts;
  #stopping: Promise<StoppedTestContainer> | undefined;

  constructor({
    runtime,
    inspect,
    name,
    boundPorts,
    exposedPorts,
    waitStrategy,
    autoRemove,
    dependencies = [],
  }: StartedContainerDetails) {
    this.#runtime = runtime;
    this.#id = inspect.Id;
    this.#image = inspect.Config.Image;
    this.#name = name;
    this.#inspect = inspectResultOf(inspect);
    this.#boundPorts = boundPorts;
    this.#exposedPorts = exposedPorts;
    this.#waitStrategy = waitStrategy;
    this.#autoRemove = autoRemove;
    this.#dependencies = dependencies;
  }

  protected containerIsStopping?(): Promise<void>;
  protected containerIsStopped?(): Promise<void>;

  stop(options: Partial<StopOptions> = {}): Promise<StoppedTestContainer> {
    this.#stopping ??= this.#stop(options).catch((error: unknown) => {
      this.#stopping = undefined;
      throw error;
    });
    return this.#stopping;
  }

  async #stop(options: Partial<StopOptions>): Promise<StoppedTestContainer> {
    await this.containerIsStopping?.();
    if (options.timeout !== undefined) checkedDuration(options.timeout, "the stop timeout");
    await this.#end(options).catch((error: unknown) => {
      if (!isGoneWithEngine(this.#runtime, error)) throw error;
    });
    log.debug("stopped", { containerId: this.#id });
    await this.containerIsStopped?.();
    await stopAll(this.#dependencies);
    return new StoppedGenericContainer(this.#runtime.engine, this.#id);
  }

  events(): AsyncIterable<ContainerEvent> {
    return containerEvents(this.#runtime.engine, this.#id);
  }

  async #end({ timeout = 0, remove = this.#autoRemove, removeVolumes = true }: Partial<StopOptions>): Promise<void> {
    const { containers } = this.#runtime.engine;
    const timeoutSeconds = Math.trunc(timeout / 1000);
    // A removal by force kills at once: one call instead of two.
    if (!remove || timeoutSeconds > 0) await containers.stop(this.#id, { timeoutSeconds });
    if (remove) await containers.remove(this.#id, { force: true, volumes: removeVolumes });
  }

  async restart({ timeout = 0 }: Partial<RestartOptions> = {}): Promise<void> {
    checkedDuration(timeout, "the restart's timeout");
    const { engine, hostIps } = this.#runtime;
    const startedAtMs = Date.now();
    try {
      await engine.containers.restart(this.#id, { timeoutSeconds: Math.trunc(timeout / 1000) });
      const inspect = await inspectPublished(engine, this.#id);
      this.#inspect = inspectResultOf(inspect);
      this.#boundPorts = BoundPorts.fromInspectResult(hostIps, this.#inspect).filter([...this.#exposedPorts]);
      await traceLog(engine, { id: this.#id, name: this.#name, since: this.#inspect.state.startedAt });
      const handle = containerHandle(engine, this.#id);
      const target = { container: handle, boundPorts: this.#boundPorts, startTime: this.#inspect.state.startedAt };
      await waitByStrategy(this.#waitStrategy, target);
    } catch (error) {
      if (isGoneWithEngine(this.#runtime, error)) throw this.#lost("restart", error);
      const failed = { engine, containerId: this.#id, image: this.#image, startedAtMs, error };
      const failure = await startFailure(failed);
      await engine.containers.remove(this.#id, { force: true, volumes: true }).catch(() => {});
      throw failure;
    }
  }

  async commit(request: CommitOptions): Promise<string> {
    const { deleteOnExit = true, changes = [], ...options } = checkedObject(request, "the options of a commit");
    const sessionId = deleteOnExit ? (await this.#runtime.session()).id : "";
    const { Id } = await this.#call("commit", ({ containers }) =>
      containers.commit(this.#id, {
        ...options,
        // Without it the image would inherit the container's label and go with the session.
        changes: [...changes, `LABEL ${LABEL_TESTCONTAINERS_SESSION_ID}="${sessionId}"`],
      }),
    );
    return Id;
  }

  getHost(): string {
    return this.#runtime.host;
  }

  getHostname(): string {
    return this.#inspect.hostname;
  }

  getFirstMappedPort(): number {
    return this.#boundPorts.getFirstBinding();
  }

  getMappedPort(port: number, protocol?: string): number;
  getMappedPort(port: `${number}/${"tcp" | "udp"}`): number;
  getMappedPort(port: number | string, protocol?: string): number {
    return this.#boundPorts.getBinding(port, protocol);
  }

  getName(): string {
    return this.#name ?? this.#inspect.name;
  }

  getLabels(): Labels {
    return this.#inspect.labels;
  }

  getId(): string {
    return this.#id;
  }

  getNetworkNames(): string[] {
    return Object.keys(this.#inspect.networkSettings);
  }

  getNetworkId(networkName: string): string {
    return this.#network(networkName).networkId;
  }

  getIpAddress(networkName: string): string {
    return this.#network(networkName).ipAddress;
  }

  copyArchiveFromContainer(path: string): Promise<NodeJS.ReadableStream> {
    return this.#call("copy files from", ({ containers }) => containers.getArchive(this.#id, path));
  }

  async copyArchiveToContainer(tar: Readable, target = "/", options: CopyToContainerOptions = {}): Promise<void> {
    checkedWith(tar, ["pipe"], "the archive to copy");
    await this.#call("copy files to", ({ containers }) => containers.putArchive(this.#id, target, tar, options));
  }

  async copyDirectoriesToContainer(directories: DirectoryToCopy[]): Promise<void> {
    checkedList(directories, "the folders to copy").forEach(checkSource);
    await this.#copy({ files: [], directories, contents: [] });
  }

  async copyFilesToContainer(files: FileToCopy[]): Promise<void> {
    checkedList(files, "the files to copy").forEach(checkSource);
    await this.#copy({ files, directories: [], contents: [] });
  }

  async copyContentToContainer(contents: ContentToCopy[]): Promise<void> {
    checkedList(contents, "the contents to copy").forEach(checkContentKind);
    await this.#copy({ files: [], directories: [], contents });
  }

  exec(command: string | string[], options: Partial<ExecOptions> = {}): Promise<ExecResult> {
    const words = typeof command === "string" ? command.split(" ") : command;
    return this.#call("run a command in", (engine) => execIn(engine, this.#id, words, options));
  }

  logs(options: LogsOptions = {}): Promise<Readable> {
    const following = { ...options, follow: true, readerKeepsProcessAlive: true };
    return this.#call("read the log of", ({ containers }) => containers.logs(this.#id, following));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #copy(sources: CopySources): Promise<void> {
    const tar = await packSources(sources);
    if (tar !== undefined) await this.copyArchiveToContainer(tar);
  }

  /** Throws what `call` does; when the engine has gone, with what is to be done about it. */
  async #call<T>(what: string, call: (engine: EngineClient) => Promise<T>): Promise<T> {
    try {
      return await call(this.#runtime.engine);
    } catch (error) {
      throw isGoneWithEngine(this.#runtime, error) ? this.#lost(what, error) : error;
    }
  }

  #lost(what: string, cause: unknown): RuncibleError {
    return new RuncibleError(
      "engine-unreachable",
      `${what} container ${this.getName().replace(/^\//, "")}: the engine that ran it has ended, and the container with it; start the container again, and look into the engine's log for why (${messageOf(cause)})`,
      { cause },
    );
  }

  #network(name: string): InspectResult["networkSettings"][string] {
    const network = this.#inspect.networkSettings[name];
    if (network !== undefined) return network;
    const known = this.getNetworkNames().join(", ") || "none";
    throw new RuncibleError("network-not-found", `look up network ${name}: the container is in ${known}`);
  }
}
