import type { Readable } from "node:stream";
import type { ContainerCreateOptions, HostConfig } from "dockerode";
import { ImageName } from "../image/image-name";
import { type ImagePullPolicy, PullPolicy } from "../image/pull-policy";
import type { StartedNetwork } from "../network/network";
import { getContainerPort, getProtocol, hasHostBinding, type PortWithOptionalBinding, portKey } from "../ports/port";
import type { WaitStrategy } from "../wait/wait-strategy";
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
    this.imageName = ImageName.fromString(image);
    this.createOpts = { Image: this.imageName.string };
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
