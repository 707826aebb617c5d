import { resolve } from "node:path";
import type { Project } from "../../compose/model/project";
import { type ComposeClientOptions, chosenOptions, namedProject } from "../compose/client-options";
import { type ComposeProgram, composeProgram } from "../compose/compose-program";
import { composeVerbs } from "../compose/compose-verbs";
import { type DownOptions, runningProject } from "../compose/running-project";
import { credentialSources, processEnvironment } from "../config";
import { ensureImage } from "../image/ensure-image";
import { ImageName } from "../image/image-name";
import type { Runtime } from "./runtime";

/** Which project, and how. */
export interface ComposeOptions extends ComposeClientOptions {
  /** Folder that the files are relative to. */
  filePath: string;
  files: string | string[];
  projectName: string;
  /** Over that of this process; what is undefined is not there. */
  environment?: Readonly<Record<string, string | undefined>> | undefined;
}

/** Compose files by themselves: without waits, and without an end that comes with this process. */
export class ComposeClient {
  readonly #runtime: Pick<Runtime, "engine" | "isOwnEngine">;

  constructor(runtime: Pick<Runtime, "engine" | "isOwnEngine">) {
    this.#runtime = runtime;
  }

  /** Default: all services. */
  async up(options: ComposeOptions, services: string[] = []): Promise<void> {
    const program = this.#programOf(options);
    if (program !== undefined) return program.up(services, (options.commandOptions ?? []).flat());
    const { profiles: _, envFiles: _files, projectFolder: _folder, ...chosen } = chosenOptions(options);
    const project = await load(options, services);
    const client = this.#runtime.engine;
    const context = { client, env: environmentOf(options), credentialSources: credentialSources() };
    await composeVerbs().upServices(context, project, { ...chosen, recreate: chosen.recreate ?? "diverged", services });
    if (chosen.untilOneEnds) await composeVerbs().awaitFirstEnd(client, project.name);
  }

  async pull(options: ComposeOptions, services: string[] = []): Promise<void> {
    const program = this.#programOf(options);
    if (program !== undefined) return program.pull(services, (options.commandOptions ?? []).flat());
    const project = await load(options, services);
    const chosen = Object.entries(project.services).filter(
      ([name]) => services.length === 0 || services.includes(name),
    );
    const images = chosen.flatMap(([, { image, build }]) =>
      image === undefined || build !== undefined ? [] : [image],
    );
    const { engine } = this.#runtime;
    await Promise.all(images.map((image) => ensureImage(engine, ImageName.fromString(image), { force: true })));
  }

  async stop(options: ComposeOptions): Promise<void> {
    const project = this.#programOf(options) ?? runningProject(this.#runtime.engine, projectNameOf(options));
    await project.stop();
  }

  async down(options: ComposeOptions, how: Partial<DownOptions> = {}): Promise<void> {
    const { timeout = 0, removeVolumes = true } = how;
    const project = this.#programOf(options) ?? runningProject(this.#runtime.engine, projectNameOf(options));
    await project.down({ timeout, removeVolumes });
  }

  #programOf(options: ComposeOptions): ComposeProgram | undefined {
    const { executable, composeOptions = [], environment = {}, filePath, logger } = options;
    if (executable === undefined) return undefined;
    return composeProgram({
      runtime: this.#runtime,
      folder: resolve(filePath),
      files: filesOf(options),
      name: options.projectName,
      environment,
      composeOptions: composeOptions.flat(),
      executable,
      logger,
    });
  }
}

function projectNameOf({ projectName, composeOptions = [] }: ComposeOptions): string {
  return namedProject(composeOptions) ?? projectName;
}

function filesOf({ files }: ComposeOptions): readonly string[] {
  return Array.isArray(files) ? files : [files];
}

function load(options: ComposeOptions, services: readonly string[]): Promise<Project> {
  const { profiles, envFiles, projectFolder, projectName } = chosenOptions(options);
  return composeVerbs().loadProject({
    workingFolder: resolve(options.filePath),
    files: filesOf(options),
    env: environmentOf(options),
    envFiles,
    profiles,
    projectFolder,
    projectName,
    services,
  });
}

function environmentOf({ projectName, environment }: ComposeOptions): Readonly<Record<string, string | undefined>> {
  return { ...processEnvironment(), COMPOSE_PROJECT_NAME: projectName, ...environment };
}
