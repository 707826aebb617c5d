import { RuncibleError } from "../../internal/errors";
import type { StartedGenericContainer } from "../container/started-generic-container";
import type { Runtime } from "../runtime/runtime";
import { composeVerbs } from "./compose-verbs";

export interface DownOptions {
  /** Milliseconds before a container is killed. */
  timeout: number;
  removeVolumes: boolean;
}

interface RunningProject {
  readonly runtime: Runtime;
  readonly name: string;
}

/** The containers of a compose project that run and are ready. */
export class StartedDockerComposeEnvironment implements AsyncDisposable {
  readonly #project: RunningProject;
  readonly #containers: ReadonlyMap<string, StartedGenericContainer>;

  constructor(project: RunningProject, containers: ReadonlyMap<string, StartedGenericContainer>) {
    this.#project = project;
    this.#containers = containers;
  }

  /** By the name of a container without the project's, `web-1`, or its `container_name`. Throws `container-not-found`. */
  getContainer(containerName: string): StartedGenericContainer {
    const container = this.#containers.get(containerName);
    if (container !== undefined) return container;
    const known = [...this.#containers.keys()].join(", ") || "none";
    throw new RuncibleError(
      "container-not-found",
      `Cannot get container "${containerName}" as it is not running; these are: ${known}`,
    );
  }

  /** Ends the containers and keeps them. */
  async stop(): Promise<StoppedDockerComposeEnvironment> {
    const { runtime, name } = this.#project;
    await composeVerbs().stopServices({ client: runtime.engine }, name);
    return new StoppedDockerComposeEnvironment(this.#project);
  }

  /** Removes containers, networks and, unless told otherwise, volumes. */
  async down(options: Partial<DownOptions> = {}): Promise<DownedDockerComposeEnvironment> {
    return takeDown(this.#project, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }
}

export class StoppedDockerComposeEnvironment {
  readonly #project: RunningProject;

  constructor(project: RunningProject) {
    this.#project = project;
  }

  async down(options: Partial<DownOptions> = {}): Promise<DownedDockerComposeEnvironment> {
    return takeDown(this.#project, options);
  }
}

export class DownedDockerComposeEnvironment {}

async function takeDown(
  { runtime, name }: RunningProject,
  { timeout = 0, removeVolumes = true }: Partial<DownOptions>,
): Promise<DownedDockerComposeEnvironment> {
  const seconds = Math.trunc(timeout / 1000);
  // Nobody sees what a container still writes into volumes that go with it; where they stay it gets its time.
  const isOwnTime = seconds === 0 && !removeVolumes;
  await composeVerbs().downProject({ client: runtime.engine }, name, undefined, {
    volumes: removeVolumes,
    ...(isOwnTime ? {} : { stopTimeoutSeconds: seconds }),
  });
  return new DownedDockerComposeEnvironment();
}
