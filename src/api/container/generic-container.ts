import type { Readable } from "node:stream";
import type { ContainerCreateOptions, ContainerInspectInfo, HostConfig } from "dockerode";
import { withContext } from "../../internal/error-context";
import type { ContainerInspect } from "../../wire/container";
import type { ContainerCreateBody } from "../../wire/container-create";
import { isReuseEnabled } from "../config";
import { ensureImage } from "../image/ensure-image";
import { ImageName } from "../image/image-name";
import { type ImagePullPolicy, PullPolicy } from "../image/pull-policy";
import { baseLabels, LABEL_TESTCONTAINERS_CONTAINER_HASH, LABEL_TESTCONTAINERS_SESSION_ID } from "../labels";
import { containerLog } from "../log";
import type { StartedNetwork } from "../network/network";
import { BoundPorts } from "../ports/bound-ports";
import { getContainerPort, getProtocol, hasHostBinding, type PortWithOptionalBinding, portKey } from "../ports/port";
import { containerHandle } from "../runtime/container-handle";
import { type ContainerRuntimeClient, getContainerRuntimeClient } from "../runtime/container-runtime-client";
import { getRuntime, onLivingEngine, type Runtime } from "../runtime/runtime";
import { defaultWaitStrategy } from "../wait/default-strategy";
import { HealthCheckWaitStrategy } from "../wait/health-check";
import type { WaitStrategy } from "../wait/wait-strategy";
import { checkBindSources } from "./bind-sources";
import { packSources } from "./copy";
import { type InspectResult, inspectResultOf } from "./inspect-result";
import { inspectPublished, refuseExposedPorts } from "./published-ports";
import { findReusable, reuseHash, withReuseLock } from "./reuse";
import { startFailure } from "./start-failure";
import { StartedGenericContainer } from "./started-generic-container";
import type {
  ArchiveToCopy,
  BindMount,
  ContentToCopy,
  CopyToContainerOptions,
  DirectoryToCopy,
  Environment,
  ExtraHost,
  FileToCopy,
  HealthCheck,
  Labels,
  ResourcesQuota,
  StartedTestContainer,
  TestContainer,
  TmpFs,
  Ulimits,
} from "./types";

/**
 * Builds and starts a container. Names, protected state and hooks are those modules and users subclass (contract,
 * sections 0 and 1.5): prototype methods, plain fields, `createOpts` and `hostConfig` read only when it is created.
 */
export class GenericContainer implements TestContainer {
  protected createOpts: ContainerCreateOptions;
  protected hostConfig: HostConfig = { AutoRemove: false };
  protected imageName: ImageName;
  protected startupTimeoutMs?: number;
  protected waitStrategy: WaitStrategy | undefined;
  protected environment: Record<string, string> = {};
  protected exposedPorts: PortWithOptionalBinding[] = [];
  protected reuse = false;
  protected autoCleanup = true;
  protected autoRemove = true;
  protected networkMode?: string;
  protected networkAliases: string[] = [];
  protected pullPolicy: ImagePullPolicy = PullPolicy.defaultPolicy();
  protected logConsumer?: (stream: Readable) => unknown;
  protected filesToCopy: FileToCopy[] = [];
  protected directoriesToCopy: DirectoryToCopy[] = [];
  protected contentsToCopy: ContentToCopy[] = [];
  protected archivesToCopy: ArchiveToCopy[] = [];
  protected copyToContainerOptions: CopyToContainerOptions = {};
  protected healthCheck?: HealthCheck;

  constructor(image: string) {
    this.imageName = ImageName.fromString(image);
    this.createOpts = { Image: this.imageName.string };
  }

  /** Before the container is created; may still change everything. */
  protected beforeContainerCreated?(): Promise<void>;
  /** Created, files copied, not started. */
  protected containerCreated?(containerId: string): Promise<void>;
  /** Started, ports published, not waited for. */
  protected containerStarting?(inspectResult: InspectResult, reused: boolean): Promise<void>;
  protected containerStarted?(
    container: StartedTestContainer,
    inspectResult: InspectResult,
    reused: boolean,
  ): Promise<void>;

  /**
   * Resolves when the container is ready. Throws `start-failed`, which says what was awaited, how the container ended
   * and what it logged last; the container is removed then.
   */
  async start(): Promise<StartedTestContainer> {
    return onLivingEngine((runtime) => this.#startOn(runtime));
  }

  async #startOn(runtime: Runtime): Promise<StartedTestContainer> {
    const { platform } = this.createOpts;
    await ensureImage(runtime.engine, this.imageName, { force: this.pullPolicy.shouldPull(), platform });
    await this.beforeContainerCreated?.();
    this.hostConfig.NetworkMode = this.networkAliases.length > 0 ? undefined : this.networkMode;
    if (this.hostConfig.NetworkMode === "none") refuseExposedPorts(this.exposedPorts, this.imageName.string);
    this.createOpts.Labels = { ...baseLabels(runtime.version), ...this.createOpts.Labels };
    if (this.reuse && isReuseEnabled()) return this.#startReusable(runtime);
    return this.#startNew(runtime, await this.#sessionLabel(runtime));
  }

  async #sessionLabel(runtime: Runtime): Promise<Labels> {
    return this.autoCleanup ? { [LABEL_TESTCONTAINERS_SESSION_ID]: (await runtime.session()).id } : {};
  }

  async #startReusable(runtime: Runtime): Promise<StartedTestContainer> {
    const hash = reuseHash(this.createOpts);
    return withReuseLock(hash, async () => {
      const id = await findReusable(runtime.engine, hash);
      if (id === undefined) return this.#startNew(runtime, { [LABEL_TESTCONTAINERS_CONTAINER_HASH]: hash });
      return this.#resume(runtime, id);
    });
  }

  async #resume(runtime: Runtime, id: string): Promise<StartedTestContainer> {
    const { State } = await runtime.engine.containers.inspect(id);
    if (State.Paused) await runtime.engine.containers.unpause(id);
    else if (!State.Running) await runtime.engine.containers.start(id);
    return this.#awaitReady(runtime, await inspectPublished(runtime.engine, id));
  }

  async #startNew(runtime: Runtime, labels: Labels): Promise<StartedTestContainer> {
    const startedAtMs = Date.now();
    const { engine } = runtime;
    const { name: _name, platform: _platform, ...config } = this.createOpts;
    const body = { ...config, Labels: { ...config.Labels, ...labels }, HostConfig: this.hostConfig };
    const Id = await this.#create(runtime, body as ContainerCreateBody);
    try {
      await this.#prepare(runtime, Id);
      await engine.containers.start(Id);
      const inspect = await inspectPublished(engine, Id);
      await this.#consumeLogs(runtime, Id);
      await this.containerStarting?.(inspectResultOf(inspect), false);
      const started = await this.#awaitReady(runtime, inspect);
      await this.containerStarted?.(started, inspectResultOf(inspect), false);
      return started;
    } catch (error) {
      const failure = await startFailure({ engine, containerId: Id, image: this.imageName.string, startedAtMs, error });
      await engine.containers.remove(Id, { force: true, volumes: true }).catch(() => {});
      throw failure;
    }
  }

  async #create({ engine, isOwnEngine }: Runtime, body: ContainerCreateBody): Promise<string> {
    const { name, platform } = this.createOpts;
    try {
      if (isOwnEngine) await checkBindSources(this.hostConfig.Binds ?? []);
      return (await engine.containers.create(body, { name, platform })).Id;
    } catch (error) {
      throw withContext(error, `create container of ${this.imageName.string}`);
    }
  }

  async #prepare({ engine }: Runtime, id: string): Promise<void> {
    if (this.networkMode !== undefined && this.networkAliases.length > 0) {
      await engine.networks.connect(this.networkMode, id, { Aliases: this.networkAliases });
    }
    const sources = await packSources({
      files: this.filesToCopy,
      directories: this.directoriesToCopy,
      contents: this.contentsToCopy,
    });
    const { copyToContainerOptions: options } = this;
    if (sources !== undefined) await engine.containers.putArchive(id, "/", sources, options);
    for (const { tar, target } of this.archivesToCopy) await engine.containers.putArchive(id, target, tar, options);
    await this.containerCreated?.(id);
  }

  async #consumeLogs({ engine }: Runtime, id: string): Promise<void> {
    if (this.logConsumer !== undefined) {
      // What it returns may last as long as the log does.
      void this.logConsumer(await engine.containers.logs(id, { follow: true }));
    }
    if (containerLog.enabled()) {
      const logs = await engine.containers.logs(id, { follow: true });
      logs.on("data", (chunk: string) => containerLog.trace(chunk.trim(), { containerId: id }));
    }
  }

  async #awaitReady(runtime: Runtime, inspect: ContainerInspect): Promise<StartedTestContainer> {
    const { exposedPorts, autoRemove } = this;
    const boundPorts = BoundPorts.fromInspectResult(runtime.hostIps, inspectResultOf(inspect)).filter(exposedPorts);
    const waitStrategy = await this.#chooseWaitStrategy(inspect);
    if (this.startupTimeoutMs !== undefined) waitStrategy.withStartupTimeout(this.startupTimeoutMs);
    await waitStrategy.waitUntilReady(containerHandle(runtime.engine, inspect.Id), boundPorts);
    return new StartedGenericContainer({ runtime, inspect, boundPorts, exposedPorts, waitStrategy, autoRemove });
  }

  /** A subclass may have its own way to choose, which takes the public client; building that costs a request. */
  async #chooseWaitStrategy(inspect: ContainerInspect): Promise<WaitStrategy> {
    if (this.selectWaitStrategy === GenericContainer.prototype.selectWaitStrategy) {
      return this.waitStrategy ?? this.#defaultWaitStrategy(inspect);
    }
    return this.selectWaitStrategy(await getContainerRuntimeClient(), inspect as unknown as ContainerInspectInfo);
  }

  /** Of an explicit `undefined` the default strategy comes out, of a left-out argument that of this container. */
  protected async selectWaitStrategy(
    _client: ContainerRuntimeClient,
    inspectResult: ContainerInspectInfo,
    ...chosen: [waitStrategy?: WaitStrategy | undefined]
  ): Promise<WaitStrategy> {
    const waitStrategy = chosen.length === 0 ? this.waitStrategy : chosen[0];
    return waitStrategy ?? this.#defaultWaitStrategy(inspectResult);
  }

  async #defaultWaitStrategy(inspect: Parameters<typeof defaultWaitStrategy>[1]): Promise<WaitStrategy> {
    if (this.healthCheck !== undefined && String(this.healthCheck.test[0]).toUpperCase() !== "NONE") {
      return new HealthCheckWaitStrategy();
    }
    return defaultWaitStrategy(await getRuntime(), inspect);
  }

  protected hasExposedPort(port: PortWithOptionalBinding): boolean {
    return Object.hasOwn(this.createOpts.ExposedPorts ?? {}, portKey(port));
  }

  withCommand(command: string[]): this {
    this.createOpts.Cmd = command;
    return this;
  }

  withEntrypoint(entrypoint: string[]): this {
    this.createOpts.Entrypoint = entrypoint;
    return this;
  }

  withName(name: string): this {
    this.createOpts.name = name;
    return this;
  }

  /** Added to earlier ones. */
  withLabels(labels: Labels): this {
    this.createOpts.Labels = { ...this.createOpts.Labels, ...labels };
    return this;
  }

  /** Added to earlier ones; the last value of a name wins. */
  withEnvironment(environment: Environment): this {
    this.environment = { ...this.environment, ...environment };
    const pairs = Object.entries(environment).map(([key, value]) => `${key}=${value}`);
    this.createOpts.Env = [...(this.createOpts.Env ?? []), ...pairs];
    return this;
  }

  /** `os/arch[/variant]` */
  withPlatform(platform: string): this {
    this.createOpts.platform = platform;
    return this;
  }

  /** Path to mount options. Added to earlier ones. */
  withTmpFs(tmpFs: TmpFs): this {
    this.hostConfig.Tmpfs = { ...this.hostConfig.Tmpfs, ...tmpFs };
    return this;
  }

  /** Added to earlier ones. */
  withUlimits(ulimits: Ulimits): this {
    const added = Object.entries(ulimits).map(([Name, { hard, soft }]) => ({
      Name,
      ...(hard === undefined ? {} : { Hard: hard }),
      ...(soft === undefined ? {} : { Soft: soft }),
    }));
    this.hostConfig.Ulimits = [...(this.hostConfig.Ulimits ?? []), ...added];
    return this;
  }

  withSecurityOpt(...options: string[]): this {
    this.hostConfig.SecurityOpt = [...(this.hostConfig.SecurityOpt ?? []), ...options];
    return this;
  }

  withAddedCapabilities(...capabilities: string[]): this {
    this.hostConfig.CapAdd = [...(this.hostConfig.CapAdd ?? []), ...capabilities];
    return this;
  }

  withDroppedCapabilities(...capabilities: string[]): this {
    this.hostConfig.CapDrop = [...(this.hostConfig.CapDrop ?? []), ...capabilities];
    return this;
  }

  withNetwork(network: StartedNetwork): this {
    this.networkMode = network.getName();
    return this;
  }

  /** `bridge`, `host`, `none`, `container:<id>` or a network's name. */
  withNetworkMode(networkMode: string): this {
    this.networkMode = networkMode;
    return this;
  }

  /** Further names in the network of `withNetwork`. */
  withNetworkAliases(...networkAliases: string[]): this {
    this.networkAliases = [...this.networkAliases, ...networkAliases];
    return this;
  }

  /** Lines of /etc/hosts. */
  withExtraHosts(extraHosts: ExtraHost[]): this {
    const added = extraHosts.map(({ host, ipAddress }) => `${host}:${ipAddress}`);
    this.hostConfig.ExtraHosts = [...(this.hostConfig.ExtraHosts ?? []), ...added];
    return this;
  }

  /** Published on any free host port, unless one is given. Added to earlier ones. */
  withExposedPorts(...ports: PortWithOptionalBinding[]): this {
    const exposed = { ...this.createOpts.ExposedPorts };
    const bindings = { ...this.hostConfig.PortBindings };
    for (const port of ports) {
      const key = `${getContainerPort(port)}/${getProtocol(port)}`;
      exposed[key] = {};
      bindings[key] = [{ HostPort: hasHostBinding(port) ? String(port.host) : "0" }];
    }
    this.exposedPorts = [...this.exposedPorts, ...ports];
    this.createOpts.ExposedPorts = exposed;
    this.hostConfig.PortBindings = bindings;
    return this;
  }

  /** Replaces earlier ones. */
  withBindMounts(bindMounts: BindMount[]): this {
    this.hostConfig.Binds = bindMounts.map(({ source, target, mode = "rw" }) => `${source}:${target}:${mode}`);
    return this;
  }

  withHealthCheck(healthCheck: HealthCheck): this {
    const nanoseconds = (milliseconds = 0): number => milliseconds * 1e6;
    this.healthCheck = healthCheck;
    this.createOpts.Healthcheck = {
      Test: healthCheck.test,
      Interval: nanoseconds(healthCheck.interval),
      Timeout: nanoseconds(healthCheck.timeout),
      Retries: healthCheck.retries ?? 0,
      StartPeriod: nanoseconds(healthCheck.startPeriod),
    };
    return this;
  }

  /** Milliseconds; for the wait strategy, whatever it says itself. */
  withStartupTimeout(startupTimeoutMs: number): this {
    this.startupTimeoutMs = startupTimeoutMs;
    return this;
  }

  /** Default: the health check of container or image, else the listening ports. */
  withWaitStrategy(waitStrategy: WaitStrategy): this {
    this.waitStrategy = waitStrategy;
    return this;
  }

  withDefaultLogDriver(): this {
    this.hostConfig.LogConfig = { Type: "json-file", Config: {} };
    return this;
  }

  withPrivilegedMode(): this {
    this.hostConfig.Privileged = true;
    return this;
  }

  withUser(user: string): this {
    this.createOpts.User = user;
    return this;
  }

  /** Use a container of the same configuration that is there already; it outlives this process. */
  withReuse(): this {
    this.reuse = true;
    return this;
  }

  /** Whether the container goes when this process ends. Default: true. */
  withAutoCleanup(autoCleanup: boolean): this {
    this.autoCleanup = autoCleanup;
    return this;
  }

  /** Whether `stop` removes. Default: true. */
  withAutoRemove(autoRemove: boolean): this {
    this.autoRemove = autoRemove;
    return this;
  }

  withPullPolicy(pullPolicy: ImagePullPolicy): this {
    this.pullPolicy = pullPolicy;
    return this;
  }

  withIpcMode(ipcMode: string): this {
    this.hostConfig.IpcMode = ipcMode;
    return this;
  }

  withCopyFilesToContainer(filesToCopy: FileToCopy[]): this {
    this.filesToCopy = [...this.filesToCopy, ...filesToCopy];
    return this;
  }

  withCopyDirectoriesToContainer(directoriesToCopy: DirectoryToCopy[]): this {
    this.directoriesToCopy = [...this.directoriesToCopy, ...directoriesToCopy];
    return this;
  }

  withCopyContentToContainer(contentsToCopy: ContentToCopy[]): this {
    this.contentsToCopy = [...this.contentsToCopy, ...contentsToCopy];
    return this;
  }

  /** The streams are read once: such a container can be started once. */
  withCopyArchivesToContainer(archivesToCopy: ArchiveToCopy[]): this {
    this.archivesToCopy = [...this.archivesToCopy, ...archivesToCopy];
    return this;
  }

  withCopyToContainerOptions(options: CopyToContainerOptions): this {
    this.copyToContainerOptions = { ...this.copyToContainerOptions, ...options };
    return this;
  }

  withWorkingDir(workingDir: string): this {
    this.createOpts.WorkingDir = workingDir;
    return this;
  }

  withResourcesQuota({ memory, cpu }: ResourcesQuota): this {
    this.hostConfig.Memory = memory === undefined ? undefined : Math.ceil(memory * 1024 ** 3);
    this.hostConfig.NanoCpus = cpu === undefined ? undefined : Math.ceil(cpu * 1e9);
    return this;
  }

  withSharedMemorySize(bytes: number): this {
    this.hostConfig.ShmSize = bytes;
    return this;
  }

  /** Gets both streams as text, from the start on, also when the start fails later. */
  withLogConsumer(logConsumer: (stream: Readable) => unknown): this {
    this.logConsumer = logConsumer;
    return this;
  }

  withHostname(hostname: string): this {
    this.createOpts.Hostname = hostname;
    return this;
  }
}
