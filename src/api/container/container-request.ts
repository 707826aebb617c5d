import type { Readable } from "node:stream";
import type { ContainerCreateOptions, HostConfig } from "dockerode";
import { parsePlatform } from "../../internal/platform";
import { aliasPortsLabel, formatAliasPorts } from "../../wire/ports";
import { withSystemPaths } from "../../wire/system-paths";
import {
  checkedAbsolutePath,
  checkedChoice,
  checkedDuration,
  checkedFlag,
  checkedFunction,
  checkedHost,
  checkedInteger,
  checkedList,
  checkedName,
  checkedObject,
  checkedPort,
  checkedPositive,
  checkedText,
  checkedTextMap,
  checkedTexts,
  checkedWith,
  checkedWords,
  wrong,
} from "../checks";
import { ImageName } from "../image/image-name";
import { type ImagePullPolicy, PullPolicy } from "../image/pull-policy";
import type { StartedNetwork } from "../network/network";
import {
  getContainerPort,
  getProtocol,
  hasHostBinding,
  type PortWithBinding,
  type PortWithOptionalBinding,
  portKey,
} from "../ports/port";
import { checkTimeLimit, type WaitStrategy } from "../wait/wait-strategy";
import {
  checkCapabilities,
  checkContent,
  checkCopy,
  checkExposed,
  checkedBind,
  checkedCopyOptions,
  checkedEnvironment,
  checkedExtraHost,
  checkedHostName,
  checkedIpcMode,
  checkedNetworkMode,
  checkedUlimits,
  checkedUser,
} from "./request-checks";
import { type EnvironmentOf, extrasOf, type Startable } from "./request-extras";
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
  TmpFs,
  Ulimits,
} from "./types";

/**
 * What a container is to be, as its user says it. Names and protected state are those that modules and users subclass
 * (contract, sections 0 and 1.5): prototype methods, plain fields, `createOpts` and `hostConfig` read only when it is created.
 */
export abstract class ContainerRequest {
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
    // Whether a text names an image is asked at the start, as in the original: not every container that is written down starts.
    this.imageName = ImageName.fromString(image === "" ? image : checkedText(image, "the image"));
    this.createOpts = { Image: this.imageName.string };
  }

  protected hasExposedPort(port: PortWithOptionalBinding): boolean {
    return Object.hasOwn(this.createOpts.ExposedPorts ?? {}, portKey(port));
  }

  withCommand(command: string[]): this {
    this.createOpts.Cmd = checkedWords(command, "the command");
    return this;
  }

  withEntrypoint(entrypoint: string[]): this {
    this.createOpts.Entrypoint = checkedWords(entrypoint, "the entrypoint");
    return this;
  }

  withName(name: string): this {
    this.createOpts.name = checkedName(name, "the container's name");
    return this;
  }

  /** Added to earlier ones. */
  withLabels(labels: Labels): this {
    this.createOpts.Labels = { ...this.createOpts.Labels, ...checkedTextMap(labels, "the labels") };
    return this;
  }

  /**
   * Added to earlier ones; the last value of a name wins. Of a function, what it makes of the published ports, which are
   * known before the container's first process runs.
   */
  withEnvironment(environment: Environment | EnvironmentOf): this {
    if (typeof environment === "function") {
      extrasOf(this).environmentOf.push(environment);
      return this;
    }
    const added = checkedEnvironment(environment);
    this.environment = { ...this.environment, ...added };
    const pairs = Object.entries(added).map(([key, value]) => `${key}=${value}`);
    this.createOpts.Env = [...(this.createOpts.Env ?? []), ...pairs];
    return this;
  }

  /**
   * Start these first, at once where they do not depend on each other, and stop them after this one. To start several that
   * have some of them in common, and to have them all at hand: `TestContainers.startAll`.
   */
  dependsOn(...containers: Startable[]): this {
    for (const container of containers) {
      checkedWith(container, ["start"], "a container to depend on");
      if ((container as unknown) === this)
        throw wrong("a container to depend on", this.imageName.string, "another one");
    }
    extrasOf(this).dependencies.push(...containers);
    return this;
  }

  /** Let the container stay when its start fails, also after this process. Default: RUNCIBLE_KEEP_ON_FAILURE. */
  withKeepOnFailure(keepOnFailure = true): this {
    extrasOf(this).keepsOnFailure = checkedFlag(keepOnFailure, "whether to keep it on failure");
    return this;
  }

  /** `os/arch[/variant]` */
  withPlatform(platform: string): this {
    parsePlatform(checkedText(platform, "the platform"));
    this.createOpts.platform = platform;
    return this;
  }

  /** Path to mount options. Added to earlier ones. */
  withTmpFs(tmpFs: TmpFs): this {
    for (const path of Object.keys(checkedTextMap(tmpFs, "tmpfs"))) checkedAbsolutePath(path, "the path of a tmpfs");
    this.hostConfig.Tmpfs = { ...this.hostConfig.Tmpfs, ...tmpFs };
    return this;
  }

  /** Added to earlier ones. */
  withUlimits(ulimits: Ulimits): this {
    this.hostConfig.Ulimits = [...(this.hostConfig.Ulimits ?? []), ...checkedUlimits(ulimits)];
    return this;
  }

  withSecurityOpt(...options: string[]): this {
    checkedTexts(options, "the security options");
    const { SecurityOpt, ...paths } = withSystemPaths(options);
    Object.assign(this.hostConfig, paths, { SecurityOpt: [...(this.hostConfig.SecurityOpt ?? []), ...SecurityOpt] });
    return this;
  }

  withAddedCapabilities(...capabilities: string[]): this {
    checkCapabilities(capabilities, "the added capabilities");
    this.hostConfig.CapAdd = [...(this.hostConfig.CapAdd ?? []), ...capabilities];
    return this;
  }

  withDroppedCapabilities(...capabilities: string[]): this {
    checkCapabilities(capabilities, "the dropped capabilities");
    this.hostConfig.CapDrop = [...(this.hostConfig.CapDrop ?? []), ...capabilities];
    return this;
  }

  withNetwork(network: StartedNetwork): this {
    this.networkMode = checkedWith(network, ["getName"], "the network").getName();
    return this;
  }

  /** `bridge`, `host`, `none`, `container:<id>` or a network's name. */
  withNetworkMode(networkMode: string): this {
    this.networkMode = checkedNetworkMode(networkMode);
    return this;
  }

  /** Further names in the network of `withNetwork`. */
  withNetworkAliases(...networkAliases: string[]): this {
    for (const alias of networkAliases) checkedHost(alias, "a network alias");
    this.networkAliases = [...this.networkAliases, ...networkAliases];
    return this;
  }

  /** Lines of /etc/hosts. */
  withExtraHosts(extraHosts: ExtraHost[]): this {
    const added = checkedList(extraHosts, "the extra hosts").map(checkedExtraHost);
    this.hostConfig.ExtraHosts = [...(this.hostConfig.ExtraHosts ?? []), ...added];
    return this;
  }

  /** Published on any free host port, unless one is given. Added to earlier ones. */
  withExposedPorts(...ports: PortWithOptionalBinding[]): this {
    const exposed = { ...this.createOpts.ExposedPorts };
    const bindings = { ...this.hostConfig.PortBindings };
    for (const port of ports) {
      checkExposed(port);
      const key = `${getContainerPort(port)}/${getProtocol(port)}`;
      exposed[key] = {};
      bindings[key] = [{ HostPort: hasHostBinding(port) ? String(port.host) : "0" }];
    }
    this.exposedPorts = [...this.exposedPorts, ...ports];
    this.createOpts.ExposedPorts = exposed;
    this.hostConfig.PortBindings = bindings;
    return this;
  }

  /**
   * Host ports that are the same at each start, beside those that are published, for a debugger or a database's tools. They
   * are taken where they are free; else, and on a daemon that is not ours, the start goes on without, and the log
   * (`DEBUG=testcontainers`) says who has the port. Added to earlier ones.
   */
  withAliasPorts(...ports: PortWithBinding[]): this {
    const { aliasPorts } = extrasOf(this);
    for (const port of ports) {
      checkExposed(port);
      checkedPort(port.host, "an alias port");
      aliasPorts.push({
        hostPort: port.host,
        containerPort: { port: getContainerPort(port), protocol: getProtocol(port) },
      });
    }
    return this.withLabels({ [aliasPortsLabel]: formatAliasPorts(aliasPorts) });
  }

  /** Replaces earlier ones. */
  withBindMounts(bindMounts: BindMount[]): this {
    this.hostConfig.Binds = checkedList(bindMounts, "the bind mounts").map(checkedBind);
    return this;
  }

  withHealthCheck(healthCheck: HealthCheck): this {
    const nanoseconds = (milliseconds = 0): number => checkedDuration(milliseconds, "a time of the health check") * 1e6;
    const [kind, ...words] = checkedWords(
      checkedObject(healthCheck, "the health check").test,
      "the health check's test",
    );
    checkedChoice(kind ?? "", ["CMD", "CMD-SHELL", "NONE"], "the kind of the health check's test");
    if (kind !== "NONE" && words.length === 0) checkedText("", "the command of the health check");
    checkedInteger(healthCheck.retries ?? 0, "the retries of the health check", { min: 0 });
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
    checkTimeLimit(this.waitStrategy, checkedDuration(startupTimeoutMs, "the startup timeout"));
    this.startupTimeoutMs = startupTimeoutMs;
    return this;
  }

  /** Default: the health check of container or image, else the listening ports. */
  withWaitStrategy(waitStrategy: WaitStrategy): this {
    checkTimeLimit(checkedWith(waitStrategy, ["waitUntilReady"], "the wait strategy"), this.startupTimeoutMs);
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
    this.createOpts.User = checkedUser(user);
    return this;
  }

  /** Use a container of the same configuration that is there already; it outlives this process. */
  withReuse(): this {
    this.reuse = true;
    return this;
  }

  /** Whether the container goes when this process ends. Default: true. */
  withAutoCleanup(autoCleanup: boolean): this {
    this.autoCleanup = checkedFlag(autoCleanup, "auto cleanup");
    return this;
  }

  /** Whether `stop` removes. Default: true. */
  withAutoRemove(autoRemove: boolean): this {
    this.autoRemove = checkedFlag(autoRemove, "auto remove");
    return this;
  }

  withPullPolicy(pullPolicy: ImagePullPolicy): this {
    this.pullPolicy = checkedWith(pullPolicy, ["shouldPull"], "the pull policy");
    return this;
  }

  withIpcMode(ipcMode: string): this {
    this.hostConfig.IpcMode = checkedIpcMode(ipcMode);
    return this;
  }

  withCopyFilesToContainer(filesToCopy: FileToCopy[]): this {
    for (const file of checkedList(filesToCopy, "the files to copy")) checkCopy(file);
    this.filesToCopy = [...this.filesToCopy, ...filesToCopy];
    return this;
  }

  withCopyDirectoriesToContainer(directoriesToCopy: DirectoryToCopy[]): this {
    for (const folder of checkedList(directoriesToCopy, "the folders to copy")) checkCopy(folder);
    this.directoriesToCopy = [...this.directoriesToCopy, ...directoriesToCopy];
    return this;
  }

  withCopyContentToContainer(contentsToCopy: ContentToCopy[]): this {
    for (const entry of checkedList(contentsToCopy, "the contents to copy")) checkContent(entry);
    this.contentsToCopy = [...this.contentsToCopy, ...contentsToCopy];
    return this;
  }

  /** The streams are read once: such a container can be started once. */
  withCopyArchivesToContainer(archivesToCopy: ArchiveToCopy[]): this {
    for (const archive of checkedList(archivesToCopy, "the archives to copy")) {
      const { tar, target } = checkedObject(archive, "an archive to copy");
      checkedWith(tar, ["pipe"], "an archive to copy");
      checkedAbsolutePath(target, "the target of an archive to copy");
    }
    this.archivesToCopy = [...this.archivesToCopy, ...archivesToCopy];
    return this;
  }

  withCopyToContainerOptions(options: CopyToContainerOptions): this {
    this.copyToContainerOptions = { ...this.copyToContainerOptions, ...checkedCopyOptions(options) };
    return this;
  }

  withWorkingDir(workingDir: string): this {
    this.createOpts.WorkingDir = checkedAbsolutePath(workingDir, "the working folder");
    return this;
  }

  withResourcesQuota(quota: ResourcesQuota): this {
    const { memory, cpu } = checkedObject(quota, "the resources quota");
    if (memory !== undefined) checkedPositive(memory, "the memory quota, in GiB");
    if (cpu !== undefined) checkedPositive(cpu, "the CPU quota");
    this.hostConfig.Memory = memory === undefined ? undefined : Math.ceil(memory * 1024 ** 3);
    this.hostConfig.NanoCpus = cpu === undefined ? undefined : Math.ceil(cpu * 1e9);
    return this;
  }

  withSharedMemorySize(bytes: number): this {
    this.hostConfig.ShmSize = checkedInteger(bytes, "the size of shared memory", { min: 1 });
    return this;
  }

  /** Gets both streams as text, from the start on, also when the start fails later. */
  withLogConsumer(logConsumer: (stream: Readable) => unknown): this {
    this.logConsumer = checkedFunction(logConsumer, "the log consumer");
    return this;
  }

  withHostname(hostname: string): this {
    this.createOpts.Hostname = checkedHostName(hostname);
    return this;
  }
}
