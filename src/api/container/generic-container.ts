import type { ContainerCreateOptions, ContainerInspectInfo, HostConfig } from "dockerode";
import type { ContainerInspect } from "../../wire/container";
import type { ContainerCreateBody } from "../../wire/container-create";
import { isKeptOnFailure, isReuseEnabled } from "../config";
import { wayToHost } from "../host-ports/expose-host-ports";
import { ensureImage } from "../image/ensure-image";
import { type HostImageOptions, makeHostImage } from "../image/host-image";
import { type BuildOptions, ImageBuilder } from "../image/image-builder";
import { checkedImage } from "../image/image-name";
import { baseLabels, LABEL_TESTCONTAINERS_CONTAINER_HASH } from "../labels";
import { BoundPorts } from "../ports/bound-ports";
import { giveUpHeldPorts } from "../ports/reserve-port";
import { containerHandle } from "../runtime/container-handle";
import { type ContainerRuntimeClient, getContainerRuntimeClient } from "../runtime/container-runtime-client";
import { getRuntime, onLivingEngine, type Runtime } from "../runtime/runtime";
import { sessionLabel } from "../runtime/session-label";
import { waitStatesOf } from "../wait/composite";
import { defaultWaitStrategy } from "../wait/default-strategy";
import { HealthCheckWaitStrategy } from "../wait/health-check";
import { waitByStrategy } from "../wait/wait-by-strategy";
import type { WaitStrategy } from "../wait/wait-strategy";
import { reportAliasPorts } from "./alias-ports";
import { environmentPairs, withChosenPorts } from "./chosen-ports";
import { ContainerRequest } from "./container-request";
import type { CopySources } from "./copy";
import { createContainer, prepareContainer } from "./create-container";
import { type InspectResult, inspectResultOf } from "./inspect-result";
import { inspectPublished, refuseExposedPorts } from "./published-ports";
import { extrasOf, type Stoppable } from "./request-extras";
import { archiveStreams, readArchives, readContents, reuseHash, startOnce, wake } from "./reuse";
import { giveUpStart } from "./start-failure";
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
  readonly dependencies: readonly Stoppable[];
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
   * A container of programs of this machine, with the libraries that they need: no Dockerfile, no registry. The image
   * goes when this process ends; `image`: its name, default a random one. Our own engine only. Throws `tool-missing`
   * for a program and `path-not-found` for a path that is not there.
   */
  static async fromHost(options: HostImageOptions, image?: string): Promise<GenericContainer> {
    return new GenericContainer(await makeHostImage(options, image));
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
    const { dependencies, startedFor } = extrasOf(this);
    if (dependencies.length === 0 || startedFor !== undefined) {
      return onLivingEngine((runtime) => this.#startOn(runtime, startedFor ?? []));
    }
    const prefetched = getRuntime().then((runtime) => this.#ensureImage(runtime));
    prefetched.catch(() => {});
    const started = [...(await startGraph(dependencies, { stopWithLast: false })).values()];
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

  #ensureImage({ engine }: Runtime, force = this.pullPolicy.shouldPull()): Promise<void> {
    const { platform } = this.createOpts;
    const isPullAllowed = this.pullPolicy.mayPull?.() ?? true;
    return ensureImage(engine, this.imageName, { force, platform, isPullAllowed });
  }

  /** `dependencies`: stop with it. */
  async #startOn(runtime: Runtime, dependencies: readonly Stoppable[]): Promise<StartedTestContainer> {
    const attempt: Attempt = { timeline: new Timeline(this.imageName.string), dependencies, waitStrategy: undefined };
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
    return isOfSession ? sessionLabel(runtime) : {};
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
    await wake(runtime.engine, id);
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
    const image = this.imageName.string;
    const asked = { ...this.createOpts, image, pullAgain: () => this.#ensureImage(runtime, true) };
    const Id = await createContainer(runtime, { ...body, HostConfig } as ContainerCreateBody, asked);
    timeline.mark("created", Id);
    try {
      if (networkId !== undefined) await engine.networks.connect(networkId, Id);
      await prepareContainer(engine, Id, {
        networkMode: this.networkMode,
        networkAliases: this.networkAliases,
        sources: this.#copySources(),
        archives: this.archivesToCopy,
        options: this.copyToContainerOptions,
      });
      await this.containerCreated?.(Id);
      await giveUpHeldPorts(HostConfig.PortBindings);
      await engine.containers.start(Id);
      timeline.mark("started", Id);
      const inspect = await inspectPublished(engine, Id);
      await this.#consumeLogs(runtime, Id);
      await this.containerStarting?.(inspectResultOf(inspect), false);
      const started = await this.#awaitReady(runtime, inspect, attempt);
      timeline.mark("ready", Id);
      await this.containerStarted?.(started, inspectResultOf(inspect), false);
      return started;
    } catch (error) {
      throw await giveUpStart(runtime, {
        containerId: Id,
        image,
        startedAtMs: timeline.startedAtMs,
        error,
        timeline: timeline.entries,
        ...(attempt.waitStrategy === undefined ? {} : { waits: waitStatesOf(attempt.waitStrategy) }),
        isKept: this.#keepsOnFailure(),
      });
    }
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

/** Builds an image from a Dockerfile, for containers of it. Both classes are in one file, as each makes the other. */
export class GenericContainerBuilder extends ImageBuilder {
  /**
   * Resolves when the image is there. `image`: its name; default: a random one. Throws `build-step-failed`, whose
   * evidence has the instruction, its exit code and its last output.
   */
  async build(image?: string, options: BuildOptions = { deleteOnExit: true }): Promise<GenericContainer> {
    return new GenericContainer(await this.buildImage(image, options));
  }
}
