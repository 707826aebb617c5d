import { RuncibleError } from "../../internal/errors";
import type { StartedGenericContainer } from "../container/started-generic-container";
import type { DownOptions, RunningProject } from "./running-project";

/** The containers of a compose project that run and are ready. */
export class StartedDockerComposeEnvironment implements AsyncDisposable {
  readonly #project: RunningProject;
  readonly #containers: ReadonlyMap<string, StartedGenericContainer>;

  constructor(project: RunningProject, containers: ReadonlyMap<string, StartedGenericContainer>) {
    this.#project = project;
    this.#containers = containers;
  }

  /**
   * By the name of a container without the project's, `web-1`, or its `container_name`. Throws `container-not-found`.
   */
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
    await this.#project.stop();
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
  project: RunningProject,
  { timeout = 0, removeVolumes = true }: Partial<DownOptions>,
): Promise<DownedDockerComposeEnvironment> {
  await project.down({ timeout, removeVolumes });
  return new DownedDockerComposeEnvironment();
}
