import { dirname, resolve } from "node:path";
import type { Project } from "../model/project";
import { composeShape } from "./compose-shape";
import { readEnvironmentFiles } from "./environment";
import { findComposeFiles } from "./find-files";
import { finishProject } from "./finish-project";
import { interpolate, type Variables } from "./interpolate";
import { loadFiles } from "./load-files";
import { childOf, type Position, textOf } from "./node";
import { parseYaml } from "./parse-yaml";
import { checkProjectName, projectNameInFile, projectNameOfFolder } from "./project-name";
import { readComposeFile } from "./read-compose-file";
import type { FileContext } from "./read-document";
import { readShape } from "./read-shape";

export interface LoadOptions {
  /** Folder of the caller: the options' paths start from it, and files are looked for in it. */
  readonly workingFolder: string;
  /** Default: COMPOSE_FILE, else the usual names. */
  readonly files?: readonly string[];
  /** What paths in the files start from. Default: the folder of the first file. */
  readonly projectFolder?: string | undefined;
  /** Default: COMPOSE_PROJECT_NAME, `name:` in a file, the project's folder. */
  readonly projectName?: string | undefined;
  /** Default: COMPOSE_ENV_FILES, else `.env` in the project's folder. */
  readonly envFiles?: readonly string[];
  /** Beside COMPOSE_PROFILES. */
  readonly profiles?: readonly string[];
  /** Services asked for by name: their profiles are active. */
  readonly services?: readonly string[];
  /** The environment of the caller, which wins over files. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * A compose project from its files. Throws `compose-file-invalid` with file, line and key, `compose-file-missing`,
 * `compose-variable-missing`, `compose-cycle` with the chain, `compose-service-unknown`.
 */
export async function loadProject(options: LoadOptions): Promise<Project> {
  const { env, workingFolder } = options;
  const absolute = (path: string): string => resolve(workingFolder, path);
  const chosenFolder = options.projectFolder === undefined ? undefined : absolute(options.projectFolder);
  const envFiles = nonEmpty(options.envFiles) ?? listVariable(env["COMPOSE_ENV_FILES"], ",") ?? [];
  const early = filesNamed(options, (name) => env[name]);
  const envFolder = chosenFolder ?? (early === undefined ? workingFolder : dirname(early[0] ?? ""));
  const values = await readEnvironmentFiles(envFiles.map(absolute), envFolder, (name) => env[name]);
  const outer = (name: string): string | undefined => env[name] ?? values.get(name);
  const files = early ?? filesNamed(options, outer) ?? (await findComposeFiles(chosenFolder ?? workingFolder));
  const projectFolder = chosenFolder ?? dirname(files[0] ?? "");

  const name = await nameOf(options, files, projectFolder, outer);
  const warnings = new Set<string>();
  const context: FileContext = {
    paths: { baseFolder: projectFolder, home: env["HOME"] },
    lookup: (variable) => (variable === "COMPOSE_PROJECT_NAME" ? name : outer(variable)),
    warn: (text) => void warnings.add(text),
  };
  const merged = await loadFiles(files, context);
  readShape(merged, composeShape);
  const project = await finishProject(merged, {
    name,
    workingFolder: projectFolder,
    files,
    profiles: [...(options.profiles ?? []), ...(listVariable(outer("COMPOSE_PROFILES"), ",") ?? [])],
    asked: options.services ?? [],
    lookup: context.lookup,
  });
  return { ...project, warnings: [...warnings, ...project.warnings] };
}

/** Undefined: neither the caller nor COMPOSE_FILE names files, so they are to be looked for. */
function filesNamed(
  { files, workingFolder, env }: LoadOptions,
  lookup: Variables["lookup"],
): readonly string[] | undefined {
  const named = nonEmpty(files) ?? listVariable(lookup("COMPOSE_FILE"), env["COMPOSE_PATH_SEPARATOR"] || ":");
  return named?.map((file) => resolve(workingFolder, file));
}

async function nameOf(
  { projectName, env }: LoadOptions,
  files: readonly string[],
  folder: string,
  lookup: Variables["lookup"],
): Promise<string> {
  if (projectName) return checkProjectName(projectName, "the option for the name");
  const variable = lookup("COMPOSE_PROJECT_NAME");
  if (variable) return checkProjectName(variable, "COMPOSE_PROJECT_NAME");
  const named = (await Promise.all(files.map((file) => nameInFile(file, lookup)))).findLast((found) => found?.name);
  if (named) return projectNameInFile(named.name, named.at);
  return projectNameOfFolder(folder === "/" ? (env["PWD"] ?? folder) : folder);
}

/** Read before anything else, because the files may use the name as a variable. */
async function nameInFile(
  file: string,
  lookup: Variables["lookup"],
): Promise<{ readonly name: string; readonly at: Position } | undefined> {
  const documents = parseYaml(await readComposeFile(file), { file, baseFolder: dirname(file) });
  const node = documents.map((document) => childOf(document, "name")).findLast((name) => textOf(name) !== undefined);
  const result = interpolate(textOf(node) ?? "", { lookup });
  return node !== undefined && "text" in result ? { name: result.text, at: node.at } : undefined;
}

function nonEmpty(list: readonly string[] | undefined): readonly string[] | undefined {
  return list !== undefined && list.length > 0 ? list : undefined;
}

function listVariable(text: string | undefined, separator: string): readonly string[] | undefined {
  return nonEmpty(text?.split(separator).filter((part) => part.trim() !== ""));
}
