import { resolve } from "node:path";
import type { EngineClient } from "../../client/client";
import type { Project } from "../../compose/model/project";
import { type ComposeClientOptions, chosenOptions } from "../compose/client-options";
import { composeVerbs } from "../compose/compose-verbs";
import { credentialSources, processEnvironment } from "../config";
import type { Environment } from "../container/types";
import { ensureImage } from "../image/ensure-image";
import { ImageName } from "../image/image-name";

/** Which project, and how. */
export interface ComposeOptions extends ComposeClientOptions {
  /** Folder that the files are relative to. */
  filePath: string;
  files: string | string[];
  projectName: string;
  environment?: Environment | undefined;
}

export interface ComposeDownOptions {
  /** Milliseconds before a container is killed. */
  timeout: number;
  removeVolumes: boolean;
}

/** Compose files by themselves: without waits, and without an end that comes with this process. */
export class ComposeClient {
  readonly #engine: EngineClient;

  constructor(engine: EngineClient) {
    this.#engine = engine;
  }

  /** Default: all services. */
  async up(options: ComposeOptions, services: string[] = []): Promise<void> {
    const { profiles: _, envFiles: _files, projectFolder: _folder, ...chosen } = chosenOptions(options);
    const project = await load(options, services);
    const context = { client: this.#engine, env: environmentOf(options), credentialSources: credentialSources() };
    await composeVerbs().upServices(context, project, { ...chosen, recreate: chosen.recreate ?? "diverged", services });
  }

  async pull(options: ComposeOptions, services: string[] = []): Promise<void> {
    const project = await load(options, services);
    const chosen = Object.entries(project.services).filter(
      ([name]) => services.length === 0 || services.includes(name),
    );
    const images = chosen.flatMap(([, { image, build }]) =>
      image === undefined || build !== undefined ? [] : [image],
    );
    const pulls = images.map((image) => ensureImage(this.#engine, ImageName.fromString(image), { force: true }));
    await Promise.all(pulls);
  }

  async stop({ projectName }: ComposeOptions): Promise<void> {
    await composeVerbs().stopServices({ client: this.#engine }, projectName);
  }

  async down(
    { projectName }: ComposeOptions,
    { timeout = 0, removeVolumes = true }: Partial<ComposeDownOptions> = {},
  ): Promise<void> {
    await composeVerbs().downProject({ client: this.#engine }, projectName, undefined, {
      volumes: removeVolumes,
      stopTimeoutSeconds: Math.trunc(timeout / 1000),
    });
  }
}

function load(options: ComposeOptions, services: readonly string[]): Promise<Project> {
  const { profiles, envFiles, projectFolder } = chosenOptions(options);
  return composeVerbs().loadProject({
    workingFolder: resolve(options.filePath),
    files: Array.isArray(options.files) ? options.files : [options.files],
    env: environmentOf(options),
    envFiles,
    profiles,
    projectFolder,
    services,
  });
}

function environmentOf({ projectName, environment }: ComposeOptions): Readonly<Record<string, string | undefined>> {
  return { ...processEnvironment(), COMPOSE_PROJECT_NAME: projectName, ...environment };
}
