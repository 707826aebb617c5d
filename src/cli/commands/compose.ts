import { type LoadOptions, loadProject } from "../../compose/load/load-project";
import type { Project } from "../../compose/model/project";
import { hasCode } from "../../internal/errors";
import type { CommandContext, CommandGroup, Flags } from "../command";
import { listFlag, textFlag } from "../flag-values";
import { composeConfig } from "./compose-config";
import { composeDown } from "./compose-down";
import { composeLogs } from "./compose-logs";
import { composePs } from "./compose-ps";
import { composeUp } from "./compose-up";

/** How the verbs come to their project. */
export interface ProjectLoader {
  load(context: CommandContext, services?: readonly string[]): Promise<Project>;
  /** A name suffices to find what runs, so the files need not be there when it was given. */
  find(context: CommandContext): Promise<{ readonly name: string; readonly project?: Project }>;
}

export const composeGroup: CommandGroup = {
  name: "compose",
  summary: "Run projects of several containers, described in compose files",
  usage: "[OPTIONS] COMMAND",
  flags: [
    { name: "file", short: "f", type: "string", isRepeatable: true, description: "Compose files, later over earlier" },
    { name: "project-name", short: "p", type: "string", description: "Project name" },
    { name: "profile", type: "string", isRepeatable: true, description: "Profiles to activate" },
    { name: "env-file", type: "string", isRepeatable: true, description: "Environment files in place of .env" },
    {
      name: "project-directory",
      type: "string",
      description: "Folder that paths start from (default: the first file's)",
    },
  ],
  commands: (flags) => {
    const loader = loaderOf(flags);
    return [composeUp, composeDown, composePs, composeLogs, composeConfig].map((make) => make(loader));
  },
};

function loaderOf(flags: Flags): ProjectLoader {
  const projectName = textFlag(flags, "project-name");
  const load: ProjectLoader["load"] = ({ env, workingFolder }, services = []) => {
    const options: LoadOptions = {
      env,
      workingFolder,
      services,
      files: listFlag(flags, "file"),
      profiles: listFlag(flags, "profile"),
      envFiles: listFlag(flags, "env-file"),
      projectName,
      projectFolder: textFlag(flags, "project-directory"),
    };
    return loadProject(options);
  };
  return {
    load,
    find: async (context) => {
      try {
        const project = await load(context);
        return { name: project.name, project };
      } catch (error) {
        const isNamed = projectName !== undefined && listFlag(flags, "file").length === 0;
        if (isNamed && hasCode(error, "compose-file-missing")) return { name: projectName };
        throw error;
      }
    },
  };
}
