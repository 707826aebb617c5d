import type { ContainerCreateOptions, ContainerInspectInfo, HostConfig } from "dockerode";
import { withContext } from "../../internal/error-context";
import { parsePlatform } from "../../internal/platform";
import type { ContainerInspect } from "../../wire/container";
import type { ContainerCreateBody } from "../../wire/container-create";
import { checkedFlag, checkedText, checkedTextMap, checkedWith } from "../checks";
import { isKeptOnFailure, isReuseEnabled } from "../config";
import { wayToHost } from "../host-ports/expose-host-ports";
import { buildImage } from "../image/build-image";
import { ensureImage } from "../image/ensure-image";
import { buildHostImage, type HostImageOptions } from "../image/host-image";
import { checkedImage, ImageName } from "../image/image-name";
import { type ImagePullPolicy, PullPolicy } from "../image/pull-policy";
import { baseLabels, LABEL_TESTCONTAINERS_CONTAINER_HASH, LABEL_TESTCONTAINERS_SESSION_ID } from "../labels";
import { BoundPorts } from "../ports/bound-ports";
import { giveUpHeldPorts } from "../ports/reserve-port";
import { containerHandle } from "../runtime/container-handle";
import { type ContainerRuntimeClient, getContainerRuntimeClient } from "../runtime/container-runtime-client";
import { getRuntime, onLivingEngine, type Runtime } from "../runtime/runtime";
import { RandomUuid, randomUuid, type Uuid } from "../uuid";
import { waitStatesOf } from "../wait/composite";
import { defaultWaitStrategy } from "../wait/default-strategy";
import { HealthCheckWaitStrategy } from "../wait/health-check";
import { waitByStrategy } from "../wait/wait-by-strategy";
import type { WaitStrategy } from "../wait/wait-strategy";
import { reportAliasPorts } from "./alias-ports";
import { checkBindSources } from "./bind-sources";
import { environmentPairs, withChosenPorts } from "./chosen-ports";
import { ContainerRequest } from "./container-request";
import { type CopySources, packSources } from "./copy";
import { type InspectResult, inspectResultOf } from "./inspect-result";
import { takeStream } from "./one-time-stream";
import { inspectPublished, refuseExposedPorts } from "./published-ports";
import { extrasOf } from "./request-extras";
import { archiveStreams, readArchives, readContents, reuseHash, startOnce } from "./reuse";
import { startFailure } from "./start-failure";
import { startGraph, stopAll } from "./start-graph";
import { StartedGenericContainer } from "./started-generic-container";
import { Timeline } from "./timeline";
import { traceLog } from "./trace-log";
import type { Labels, StartedTestContainer, TestContainer } from "./types";

type CreateBody = Omit<ContainerCreateOptions, "HostConfig"> & { readonly HostConfig: HostConfig };

/** One call of `start`, as far as it has come. */
interface Attempt {
  readonly timeline: Timeline;
  /** Started for it. */
  readonly dependencies: readonly StartedTestContainer[];
  waitStrategy: WaitStrategy | undefined;
}

/**
 * Starts a container. What it is to be, `with` by `with`, is in its base; hooks are those of the contract, section 1.5.
 */
export class GenericContainer extends ContainerRequest implements TestContainer {
  /** An image to be built from a folder. `dockerfileName`: path in it. */
  static fromDockerfile(context: string, dockerfileName = "Dockerfile"): GenericContainerBuilder {
    return new GenericContainerBuilder(context, dockerfileName);
  }

  /**
   * A container of programs of this machine, with the libraries that they need: no Dockerfile, no registry. The image goes
   * when this process ends; `image`: its name, default a random one. Our own engine only. Throws `tool-missing` for a
   * program and `path-not-found` for a path that is not there.
   */
  static async fromHost(options: HostImageOptions, image?: string): Promise<GenericContainer> {
    const name = checkedImage(image ?? `localhost/${randomUuid()}:${randomUuid()}`, "the name of the image to make");
    await onLivingEngine(async (runtime) => {
      const session = { [LABEL_TESTCONTAINERS_SESSION_ID]: (await runtime.session()).id };
      const labels = { ...baseLabels(runtime.version), ...session };
      await buildHostImage(runtime, ImageName.fromString(name), { ...options, labels });
    });
    return new GenericContainer(name);
  }

  constructor(image: string) {
    super(image);
    extrasOf(this).title = () => this.#title();
    extrasOf(this).prefetch = async () => this.#ensureImage(await getRuntime());
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
   * and what it logged last; the container is removed then. Throws `invalid-reference` for what names no image.
   */
  async start(): Promise<StartedTestContainer> {
    checkedImage(this.imageName.string, "the image");
    const { dependencies, isDependencyReady } = extrasOf(this);
    if (dependencies.length === 0 || isDependencyReady) return onLivingEngine((runtime) => this.#startOn(runtime, []));
    const prefetched = getRuntime().then((runtime) => this.#ensureImage(runtime));
    prefetched.catch(() => {});
    const started = [...(await startGraph(dependencies)).values()];
    try {
      return await onLivingEngine((runtime) => this.#startOn(runtime, started));
    } catch (error) {
      await stopAll(started).catch(() => {});
      throw error;
    }
  }

  #title(): string {
    const { name } = this.createOpts;
    return name === undefined ? this.imageName.string : `${name} (${this.imageName.string})`;
  }

  #ensureImage({ engine }: Runtime): Promise<void> {
    const { pullPolicy } = this;
    return ensureImage(engine, this.imageName, {
      force: pullPolicy.shouldPull(),
      platform: this.createOpts.platform,
      isPullAllowed: pullPolicy.mayPull?.() ?? true,
    });
  }

  /** `dependencies`: stop with it. */
  async #startOn(runtime: Runtime, dependencies: readonly StartedTestContainer[]): Promise<StartedTestContainer> {
    const attempt: Attempt = { timeline: new Timeline(), dependencies, waitStrategy: undefined };
    await this.#ensureImage(runtime);
    attempt.timeline.mark("image ready");
    await this.beforeContainerCreated?.();
    // They are in memory as a whole before they are sent in any case, and so another try has them too.
    this.contentsToCopy = await readContents(this.contentsToCopy);
    this.hostConfig.NetworkMode = this.networkAliases.length > 0 ? undefined : this.networkMode;
    if (this.hostConfig.NetworkMode === "none") refuseExposedPorts(this.exposedPorts, this.imageName.string);
    this.createOpts.Labels = { ...baseLabels(runtime.version), ...this.createOpts.Labels };
    if (this.reuse && isReuseEnabled()) return this.#startReusable(runtime, attempt);
    return this.#startNew(runtime, await this.#sessionLabel(runtime), attempt);
  }

  /** On a daemon of which nothing can be taken back, one that may have to be kept is none of the session's. */
  async #sessionLabel(runtime: Runtime): Promise<Labels> {
    const isOfSession = this.autoCleanup && !(this.#keepsOnFailure() && !runtime.capabilities.has("keep"));
    return isOfSession ? { [LABEL_TESTCONTAINERS_SESSION_ID]: (await runtime.session()).id } : {};
  }

  #keepsOnFailure(): boolean {
    return extrasOf(this).keepsOnFailure ?? isKeptOnFailure();
  }

  async #startReusable(runtime: Runtime, attempt: Attempt): Promise<StartedTestContainer> {
    const archives = await readArchives(this.archivesToCopy);
    const hash = await reuseHash(runtime, {
      createOpts: this.createOpts,
      hostConfig: this.hostConfig,
      networkMode: this.networkMode,
      networkAliases: this.networkAliases,
      sources: this.#copySources(),
      archives: archiveStreams(archives),
      copyOptions: this.copyToContainerOptions,
      environmentOf: extrasOf(this).environmentOf,
    });
    this.archivesToCopy = archiveStreams(archives);
    try {
      return await startOnce(runtime, hash, {
        resume: (id) => this.#resume(runtime, id, attempt),
        make: (labels) => this.#startNew(runtime, { ...labels, [LABEL_TESTCONTAINERS_CONTAINER_HASH]: hash }, attempt),
      });
    } finally {
      // Streams are read once; the next start finds its own.
      this.archivesToCopy = archiveStreams(archives);
    }
  }

  #copySources(): CopySources {
    return { files: this.filesToCopy, directories: this.directoriesToCopy, contents: this.contentsToCopy };
  }

  async #resume(runtime: Runtime, id: string, attempt: Attempt): Promise<StartedTestContainer> {
    const { State } = await runtime.engine.containers.inspect(id);
    if (State.Paused) await runtime.engine.containers.unpause(id);
    else if (!State.Running) await runtime.engine.containers.start(id);
    return this.#awaitReady(runtime, await inspectPublished(runtime.engine, id), attempt);
  }

  async #startNew(runtime: Runtime, labels: Labels, attempt: Attempt): Promise<StartedTestContainer> {
    const { environmentOf } = extrasOf(this);
    if (environmentOf.length === 0) return this.#startWith(runtime, this.#body(labels), attempt);
    // Archives may be large, so they are kept only where another try is to be expected.
    const archives = await readArchives(this.archivesToCopy);
    try {
      return await withChosenPorts(this.hostConfig.PortBindings ?? {}, (PortBindings, ports) => {
        this.archivesToCopy = archiveStreams(archives);
        const body = this.#body(labels);
        const Env = [...(body.Env ?? []), ...environmentPairs(environmentOf, runtime.host, ports)];
        return this.#startWith(runtime, { ...body, Env, HostConfig: { ...body.HostConfig, PortBindings } }, attempt);
      });
    } finally {
      this.archivesToCopy = archiveStreams(archives);
    }
  }

  #body(labels: Labels): CreateBody {
    const { name: _name, platform: _platform, ...config } = this.createOpts;
    return { ...config, Labels: { ...config.Labels, ...labels }, HostConfig: this.hostConfig };
  }

  async #startWith(runtime: Runtime, body: CreateBody, attempt: Attempt): Promise<StartedTestContainer> {
    const { engine } = runtime;
    const { timeline } = attempt;
    const { extraHosts, networkId } = await wayToHost(runtime, body.HostConfig.NetworkMode);
    const ExtraHosts = [...(body.HostConfig.ExtraHosts ?? []), ...extraHosts];
    const HostConfig = extraHosts.length === 0 ? body.HostConfig : { ...body.HostConfig, ExtraHosts };
    const Id = await this.#create(runtime, { ...body, HostConfig } as ContainerCreateBody);
    timeline.mark("created");
    try {
      if (networkId !== undefined) await engine.networks.connect(networkId, Id);
      await this.#prepare(runtime, Id);
      await giveUpHeldPorts(HostConfig.PortBindings);
      await engine.containers.start(Id);
      timeline.mark("started");
      const inspect = await inspectPublished(engine, Id);
      await this.#consumeLogs(runtime, Id);
      await this.containerStarting?.(inspectResultOf(inspect), false);
      const started = await this.#awaitReady(runtime, inspect, attempt);
      timeline.mark("ready");
      await this.containerStarted?.(started, inspectResultOf(inspect), false);
      return started;
    } catch (error) {
      throw await this.#giveUp(runtime, Id, attempt, error);
    }
  }

  /** What is to be thrown, once the container is gone or taken out of the session. */
  async #giveUp(
    { engine, capabilities }: Runtime,
    containerId: string,
    attempt: Attempt,
    error: unknown,
  ): Promise<Error> {
    const isKept = this.#keepsOnFailure();
    const failure = await startFailure({
      engine,
      containerId,
      image: this.imageName.string,
      startedAtMs: attempt.timeline.startedAtMs,
      error,
      timeline: attempt.timeline.entries,
      ...(attempt.waitStrategy === undefined ? {} : { waits: waitStatesOf(attempt.waitStrategy) }),
      isKept,
    });
    if (!isKept) await engine.containers.remove(containerId, { force: true, volumes: true }).catch(() => {});
    else if (capabilities.has("keep")) await engine.containers.keep(containerId).catch(() => {});
    return failure;
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
    const sources = await packSources(this.#copySources());
    const { copyToContainerOptions: options } = this;
    if (sources !== undefined) await engine.containers.putArchive(id, "/", sources, options);
    for (const { tar, target } of this.archivesToCopy) {
      await engine.containers.putArchive(id, target, takeStream(tar, target), options);
    }
    await this.containerCreated?.(id);
  }

  async #consumeLogs({ engine }: Runtime, id: string): Promise<void> {
    if (this.logConsumer !== undefined) {
      // What it returns may last as long as the log does.
      void this.logConsumer(await engine.containers.logs(id, { follow: true }));
    }
    await traceLog(engine, { id });
  }

  async #awaitReady(runtime: Runtime, inspect: ContainerInspect, attempt: Attempt): Promise<StartedTestContainer> {
    const { exposedPorts, autoRemove } = this;
    const { dependencies } = attempt;
    const boundPorts = BoundPorts.fromInspectResult(runtime.hostIps, inspectResultOf(inspect)).filter(exposedPorts);
    await reportAliasPorts(runtime, inspect, extrasOf(this).aliasPorts);
    const waitStrategy = await this.#chooseWaitStrategy(inspect);
    if (this.startupTimeoutMs !== undefined) waitStrategy.withStartupTimeout(this.startupTimeoutMs);
    attempt.waitStrategy = waitStrategy;
    await waitByStrategy(waitStrategy, { container: containerHandle(runtime.engine, inspect.Id), boundPorts });
    const details = { runtime, inspect, boundPorts, exposedPorts, waitStrategy, autoRemove, dependencies };
    return new StartedGenericContainer(details);
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
}

export type BuildOptions = {
  /** Whether the image goes when this process ends. */
  deleteOnExit: boolean;
};

/** Builds an image from a Dockerfile, for containers of it. Both classes are in one file, as each makes the other. */
export class GenericContainerBuilder {
  readonly #context: string;
  readonly #dockerfileName: string;
  readonly #uuid: Uuid;
  #buildArgs: { [name: string]: string } = {};
  #pullPolicy: ImagePullPolicy = PullPolicy.defaultPolicy();
  #isCacheUsed = true;
  #isBuildkit = false;
  #platform: string | undefined;
  #target: string | undefined;

  /** `dockerfileName`: path in the context. */
  constructor(context: string, dockerfileName: string, uuid: Uuid = new RandomUuid()) {
    this.#context = checkedText(context, "the build context");
    this.#dockerfileName = checkedText(dockerfileName, "the Dockerfile's name");
    this.#uuid = uuid;
  }

  /** Values of ARG. Replaces earlier ones. */
  withBuildArgs(buildArgs: { [name: string]: string }): this {
    this.#buildArgs = checkedTextMap(buildArgs, "the build arguments");
    return this;
  }

  /** Whether base images are pulled although they are there. Default: no. */
  withPullPolicy(pullPolicy: ImagePullPolicy): this {
    this.#pullPolicy = checkedWith(pullPolicy, ["shouldPull"], "the pull policy");
    return this;
  }

  /** Whether steps of earlier builds are used again. Default: true. */
  withCache(cache: boolean): this {
    this.#isCacheUsed = checkedFlag(cache, "the use of the cache");
    return this;
  }

  /** Build with the BuildKit of a foreign daemon. Of our own engine's builder, which has its features, nothing changes. */
  withBuildkit(): this {
    this.#isBuildkit = true;
    return this;
  }

  /** Of the base images: `os/arch[/variant]`. Default: that of the daemon. */
  withPlatform(platform: string): this {
    parsePlatform(checkedText(platform, "the platform"));
    this.#platform = platform;
    return this;
  }

  /** The stage to build. Default: the last one. */
  withTarget(target: string): this {
    this.#target = checkedText(target, "the target");
    return this;
  }

  /**
   * Resolves when the image is there. `image`: its name; default: a random one. Throws `build-step-failed`, whose
   * evidence has the instruction, its exit code and its last output.
   */
  async build(
    image = `localhost/${this.#uuid.nextUuid()}:${this.#uuid.nextUuid()}`,
    { deleteOnExit }: BuildOptions = { deleteOnExit: true },
  ): Promise<GenericContainer> {
    const imageName = ImageName.fromString(checkedImage(image, "the name of the image to build"));
    await onLivingEngine(async (runtime) => {
      const session = deleteOnExit ? { [LABEL_TESTCONTAINERS_SESSION_ID]: (await runtime.session()).id } : {};
      await buildImage(runtime, {
        contextFolder: this.#context,
        dockerfile: this.#dockerfileName,
        imageName,
        buildArgs: this.#buildArgs,
        labels: { ...baseLabels(runtime.version), ...session },
        target: this.#target,
        platform: this.#platform,
        isCacheUsed: this.#isCacheUsed,
        isPullForced: this.#pullPolicy.shouldPull(),
        isPullAllowed: this.#pullPolicy.mayPull?.() ?? true,
        isBuildkit: this.#isBuildkit,
      });
    });
    return new GenericContainer(image);
  }
}
