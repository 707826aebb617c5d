import { resolve } from "node:path";
import type { Project } from "../../compose/model/project";
import type { UpOptions } from "../../compose/plan/plan-up";
import {
  checkedDuration,
  checkedFlag,
  checkedProjectName,
  checkedText,
  checkedTextMap,
  checkedTexts,
  checkedWith,
} from "../checks";
import { credentialSources, isOffline, processEnvironment } from "../config";
import type { Environment } from "../container/types";
import { type ImagePullPolicy, PullPolicy } from "../image/pull-policy";
import { baseLabels } from "../labels";
import { composeLog, log } from "../log";
import { getRuntime, type Runtime } from "../runtime/runtime";
import { sessionLabel } from "../runtime/session-label";
import { RandomUuid, type Uuid } from "../uuid";
import type { WaitStrategy } from "../wait/wait-strategy";
import { type ComposeClientOptions, checkedExecutable, chosenOptions, namedProject } from "./client-options";
import { composeProgram } from "./compose-program";
import { composeVerbs } from "./compose-verbs";
import { type RunningProject, runningProject } from "./running-project";
import { awaitContainers, namedContainers } from "./started-containers";
import { StartedDockerComposeEnvironment } from "./started-docker-compose-environment";
import { checkMadeTargets, checkWaitTargets } from "./wait-targets";

interface PreparedProject {
  readonly name: string;
  readonly project: RunningProject;
  bringUp(): Promise<void>;
}

/** Brings up a project of compose files; no compose program is needed, and none is run unless it is named. */
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

  /** Files are relative to the folder. An empty list: `compose.yaml` and its like there, as the program finds them. */
  constructor(composeFilePath: string, composeFiles: string | string[], uuid: Uuid = new RandomUuid()) {
    this.#folder = checkedText(composeFilePath, "the folder of compose files");
    this.#files = Array.isArray(composeFiles) ? [...composeFiles] : [composeFiles];
    checkedTexts(this.#files, "the compose files");
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
   * For a container, by its name without the project's, `web-1`, or its `container_name`; by the name of a service,
   * `web`, for all its containers that have none of their own. That there is such a one is checked when the files are
   * read.
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

  /** Of lower case letters, digits, dashes and underscores, a letter or digit first. */
  withProjectName(projectName: string): this {
    this.#projectName = checkedProjectName(projectName, "the project name");
    return this;
  }

  /** Whether everything goes when this process ends. Default: true. */
  withAutoCleanup(autoCleanup: boolean): this {
    this.#autoCleanup = checkedFlag(autoCleanup, "auto cleanup");
    return this;
  }

  /**
   * Added to earlier ones. With `executable`, that program brings the project up and takes it down. Throws
   * `invalid-argument` for flags that have no meaning without one.
   */
  withClientOptions(options: Partial<ComposeClientOptions>): this {
    const merged = { ...this.#clientOptions, ...options };
    if (merged.executable === undefined) chosenOptions(merged);
    else checkedExecutable(merged.executable);
    this.#clientOptions = merged;
    return this;
  }

  /**
   * Resolves when the services (default: all) run and are ready. Throws `invalid-argument`, which names the containers,
   * for a wait strategy of one that the files cannot make. After a failure everything is removed again, and the error
   * has the last log lines of the container that did not become ready.
   */
  async up(services: string[] = []): Promise<StartedDockerComposeEnvironment> {
    const runtime = await getRuntime();
    const { executable } = this.#clientOptions;
    const { name, project, bringUp } = await (executable === undefined
      ? this.#byOurselves(runtime, services)
      : this.#byProgram(runtime, services, executable));
    try {
      await bringUp();
      const containers = await awaitContainers(runtime, name, {
        byName: this.#waits,
        byDefault: this.#defaultWait,
        startupTimeoutMs: this.#startupTimeoutMs,
      });
      return new StartedDockerComposeEnvironment(project, containers);
    } catch (error) {
      await project.down({ timeout: 0, removeVolumes: true }).catch(() => {});
      throw error;
    }
  }

  async #byOurselves(runtime: Runtime, services: readonly string[]): Promise<PreparedProject> {
    const loaded = await this.#load(services);
    checkWaitTargets(loaded, [...this.#waits.keys()], chosenOptions(this.#clientOptions).scale);
    return {
      name: loaded.name,
      project: runningProject(runtime.engine, loaded.name),
      bringUp: () => this.#bringUp(runtime, loaded, services),
    };
  }

  /** The files are its own to read: what it may wait for shows when it has made the containers. */
  async #byProgram(
    runtime: Runtime,
    services: readonly string[],
    executable: NonNullable<ComposeClientOptions["executable"]>,
  ): Promise<PreparedProject> {
    const { composeOptions = [], commandOptions = [], logger } = this.#clientOptions;
    const profiles = this.#profiles.flatMap((profile) => ["--profile", profile]);
    const envFile = this.#environmentFile === undefined ? [] : ["--env-file", this.#environmentFile];
    const name = namedProject(composeOptions) ?? this.#environment["COMPOSE_PROJECT_NAME"] ?? this.#projectName;
    const program = composeProgram({
      runtime,
      folder: resolve(this.#folder),
      files: this.#files,
      name,
      environment: this.#environment,
      composeOptions: [...composeOptions.flat(), ...envFile, ...profiles],
      executable,
      logger,
    });
    const ours = [...(this.#build ? ["--build"] : []), ...(this.#recreate === "never" ? ["--no-recreate"] : [])];
    return {
      name,
      project: program,
      bringUp: async () => {
        if (this.#autoCleanup) (await runtime.session()).addComposeProject(name);
        if (this.#pull() === "always") await program.pull(services, []);
        await program.up(services, [...commandOptions.flat(), ...ours]);
        // Of services that were not asked for, nothing was made.
        if (services.length > 0) return;
        checkMadeTargets(await namedContainers(runtime, name), [...this.#waits.keys()]);
      },
    };
  }

  #load(services: readonly string[]): Promise<Project> {
    const { profiles, envFiles, projectFolder, projectName } = chosenOptions(this.#clientOptions);
    const folder = resolve(this.#folder);
    return composeVerbs().loadProject({
      workingFolder: folder,
      files: this.#files,
      env: this.#env(),
      envFiles: [...envFiles, ...(this.#environmentFile === undefined ? [] : [this.#environmentFile])],
      profiles: [...profiles, ...this.#profiles],
      projectFolder,
      projectName,
      services,
    });
  }

  async #bringUp(runtime: Runtime, project: Project, services: readonly string[]): Promise<void> {
    const { build, recreate, untilOneEnds, profiles: _, ...chosen } = chosenOptions(this.#clientOptions);
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
        ...chosen,
        services,
        build: build || this.#build,
        recreate: recreate ?? this.#recreate ?? "diverged",
        pull: this.#pull(),
        labels: await this.#labels(runtime),
      },
    );
    if (untilOneEnds) await composeVerbs().awaitFirstEnd(runtime.engine, project.name);
  }

  #pull(): UpOptions["pull"] {
    if (isOffline() || this.#pullPolicy.mayPull?.() === false) return "never";
    return this.#pullPolicy.shouldPull() ? "always" : undefined;
  }

  #env(): Readonly<Record<string, string | undefined>> {
    return { ...processEnvironment(), COMPOSE_PROJECT_NAME: this.#projectName, ...this.#environment };
  }

  async #labels(runtime: Runtime): Promise<Readonly<Record<string, string>>> {
    return { ...baseLabels(runtime.version), ...(this.#autoCleanup ? await sessionLabel(runtime) : {}) };
  }
}
