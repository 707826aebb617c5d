import type { Readable } from "node:stream";
import { parsePlatform } from "../../internal/platform";
import {
  checkedAbsolutePath,
  checkedChoice,
  checkedDuration,
  checkedFlag,
  checkedFunction,
  checkedInteger,
  checkedList,
  checkedName,
  checkedObject,
  checkedText,
  checkedTextMap,
  checkedWith,
  checkedWords,
  wrong,
} from "../checks";
import type { ImagePullPolicy } from "../image/pull-policy";
import { checkTimeLimit, type WaitStrategy } from "../wait/wait-strategy";
import { HostRequest } from "./host-request";
import {
  checkContent,
  checkCopy,
  checkedCopyOptions,
  checkedEnvironment,
  checkedHostName,
  checkedUser,
} from "./request-checks";
import { type EnvironmentOf, extrasOf, type Startable } from "./request-extras";
import type {
  ArchiveToCopy,
  ContentToCopy,
  CopyToContainerOptions,
  DirectoryToCopy,
  Environment,
  FileToCopy,
  HealthCheck,
  Labels,
} from "./types";

/** What a container is to be, as its user says it: prototype methods, which modules call through `super`. */
export abstract class ContainerRequest extends HostRequest {
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
   * Added to earlier ones; the last value of a name wins. Of a function, what it makes of the published ports, which
   * are known before the container's first process runs.
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
   * Start these first, at once where they do not depend on each other, and stop them after this one. To start several
   * that have some of them in common, and to have them all at hand: `TestContainers.startAll`.
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
