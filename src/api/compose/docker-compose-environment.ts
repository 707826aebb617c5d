import { resolve } from "node:path";
import type { Project } from "../../compose/model/project";
import type { UpOptions } from "../../compose/plan/plan-up";
import { checkedDuration, checkedFlag, checkedText, checkedTextMap, checkedTexts, checkedWith } from "../checks";
import { credentialSources, isOffline, processEnvironment } from "../config";
import type { Environment } from "../container/types";
import { type ImagePullPolicy, PullPolicy } from "../image/pull-policy";
import { baseLabels, LABEL_TESTCONTAINERS_SESSION_ID } from "../labels";
import { composeLog, log } from "../log";
import { getRuntime, type Runtime } from "../runtime/runtime";
import { RandomUuid, type Uuid } from "../uuid";
import type { WaitStrategy } from "../wait/wait-strategy";
import { type ComposeClientOptions, chosenOptions } from "./client-options";
import { composeVerbs } from "./compose-verbs";
import { awaitContainers } from "./started-containers";
import { StartedDockerComposeEnvironment } from "./started-docker-compose-environment";
import { checkWaitTargets } from "./wait-targets";

/** Brings up a project of compose files; no compose program is needed. */
export class DockerComposeEnvironment {
  readonly #folder: string;
  readonly #files: readonly string[];
  readonly #waits = new Map<string, WaitStrategy>();
  #projectName: string;
  #build = false;
  #recreate: UpOptions["recreate"] = "diverged";
  #environmentFile: string | undefined;
  #profiles: readonly string[] = [];
  #environment: Environment = {};
  #pullPolicy: ImagePullPolicy = PullPolicy.defaultPolicy();
  #defaultWait: WaitStrategy | undefined;
  #startupTimeoutMs: number | undefined;
  #autoCleanup = true;
  #clientOptions: ComposeClientOptions = {};

  /** Files are relative to the folder. */
  constructor(composeFilePath: string, composeFiles: string | string[], uuid: Uuid = new RandomUuid()) {
    this.#folder = checkedText(composeFilePath, "the folder of compose files");
    this.#files = Array.isArray(composeFiles) ? composeFiles : [composeFiles];
    this.#projectName = `testcontainers-${uuid.nextUuid()}`;
  }

  withBuild(): this {
    this.#build = true;
    return this;
  }

  /** Added to earlier ones; what compose files see, over the environment of this process. */
  withEnvironment(environment: Environment): this {
    this.#environment = { ...this.#environment, ...checkedTextMap(environment, "the environment") };
    return this;
  }

  /** In place of `.env`; relative to the folder. */
  withEnvironmentFile(environmentFile: string): this {
    this.#environmentFile = checkedText(environmentFile, "the environment file");
    return this;
  }

  /** Added to earlier ones. */
  withProfiles(...profiles: string[]): this {
    checkedTexts(profiles, "the profiles");
    this.#profiles = [...this.#profiles, ...profiles];
    return this;
  }

  /** Keep containers that are there, under one project name for all who say this. */
  withNoRecreate(): this {
    this.#recreate = "never";
    this.#projectName = "testcontainers-node";
    return this;
  }

  withPullPolicy(pullPolicy: ImagePullPolicy): this {
    this.#pullPolicy = checkedWith(pullPolicy, ["shouldPull"], "the pull policy");
    return this;
  }

  withDefaultWaitStrategy(waitStrategy: WaitStrategy): this {
    this.#defaultWait = checkedWith(waitStrategy, ["waitUntilReady"], "the default wait strategy");
    return this;
  }

  /**
   * For a container, by its name without the project's, `web-1`, or its `container_name`; by the name of a service, `web`,
   * for all its containers that have none of their own. That there is such a one is checked when the files are read.
   */
  withWaitStrategy(containerName: string, waitStrategy: WaitStrategy): this {
    checkedWith(waitStrategy, ["waitUntilReady"], `the wait strategy of ${containerName}`);
    this.#waits.set(checkedText(containerName, "the container to wait for"), waitStrategy);
    return this;
  }

  /** Milliseconds; for every wait strategy, whatever it says itself. */
  withStartupTimeout(startupTimeoutMs: number): this {
    this.#startupTimeoutMs = checkedDuration(startupTimeoutMs, "the startup timeout");
    return this;
  }

  withProjectName(projectName: string): this {
    this.#projectName = checkedText(projectName, "the project name");
    return this;
  }

  /** Whether everything goes when this process ends. Default: true. */
  withAutoCleanup(autoCleanup: boolean): this {
    this.#autoCleanup = checkedFlag(autoCleanup, "auto cleanup");
    return this;
  }

  /** Added to earlier ones. Throws `invalid-argument` for flags that have no meaning here. */
  withClientOptions(options: Partial<ComposeClientOptions>): this {
    const merged = { ...this.#clientOptions, ...options };
    chosenOptions(merged);
    this.#clientOptions = merged;
    return this;
  }

  /**
   * Resolves when the services (default: all) run and are ready. Throws `invalid-argument`, which names the containers,
   * for a wait strategy of one that the files cannot make. After a failure everything is removed again, and the error has
   * the last log lines of the container that did not become ready.
   */
  async up(services: string[] = []): Promise<StartedDockerComposeEnvironment> {
    const runtime = await getRuntime();
    const project = await this.#load(services);
    checkWaitTargets(project, [...this.#waits.keys()], chosenOptions(this.#clientOptions).scale);
    try {
      await this.#bringUp(runtime, project, services);
      const containers = await awaitContainers(runtime, project.name, {
        byName: this.#waits,
        byDefault: this.#defaultWait,
        startupTimeoutMs: this.#startupTimeoutMs,
      });
      return new StartedDockerComposeEnvironment({ runtime, name: project.name }, containers);
    } catch (error) {
      const everything = { volumes: true, stopTimeoutSeconds: 0 };
      await composeVerbs()
        .downProject({ client: runtime.engine }, project.name, undefined, everything)
        .catch(() => {});
      throw error;
    }
  }

  #load(services: readonly string[]): Promise<Project> {
    const { profiles, envFiles, projectFolder } = chosenOptions(this.#clientOptions);
    const folder = resolve(this.#folder);
    return composeVerbs().loadProject({
      workingFolder: folder,
      files: this.#files,
      env: this.#env(),
      envFiles: [...envFiles, ...(this.#environmentFile === undefined ? [] : [this.#environmentFile])],
      profiles: [...profiles, ...this.#profiles],
      projectFolder,
      services,
    });
  }

  async #bringUp(runtime: Runtime, project: Project, services: readonly string[]): Promise<void> {
    const { build, recreate, noDependencies, noStart, removeOrphans, wait, scale } = chosenOptions(this.#clientOptions);
    const { logger } = this.#clientOptions;
    await composeVerbs().upServices(
      {
        client: runtime.engine,
        env: this.#env(),
        credentialSources: credentialSources(),
        onEvent: (event) => {
          const text = event.kind === "warning" ? event.text : `${event.kind} ${event.action.kind}`;
          composeLog.trace(`${project.name}: ${text}`);
          if (event.kind === "warning" || event.kind === "failed") log.warn(`compose ${project.name}: ${text}`);
          if (event.kind === "failed") logger?.error(text);
          else logger?.info(text);
        },
      },
      project,
      {
        services,
        noDependencies,
        noStart,
        removeOrphans,
        wait,
        scale,
        build: build || this.#build,
        recreate: recreate ?? this.#recreate ?? "diverged",
        pull: this.#pull(),
        labels: await this.#labels(runtime),
      },
    );
  }

  #pull(): UpOptions["pull"] {
    if (isOffline() || this.#pullPolicy.mayPull?.() === false) return "never";
    return this.#pullPolicy.shouldPull() ? "always" : undefined;
  }

  #env(): Readonly<Record<string, string | undefined>> {
    return { ...processEnvironment(), COMPOSE_PROJECT_NAME: this.#projectName, ...this.#environment };
  }

  async #labels(runtime: Runtime): Promise<Readonly<Record<string, string>>> {
    const base = baseLabels(runtime.version);
    return this.#autoCleanup ? { ...base, [LABEL_TESTCONTAINERS_SESSION_ID]: (await runtime.session()).id } : base;
  }
}
