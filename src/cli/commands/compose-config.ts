import { digestsOf, readStoredFiles } from "../../compose/execute/stored-files";
import { unknownService } from "../../compose/load/unknown-service";
import type { Project } from "../../compose/model/project";
import { renderConfig } from "../../compose/model/render-config";
import { imagesOf } from "../../compose/plan/container-names";
import { createContainer } from "../../compose/plan/create-container";
import type { Command, CommandContext } from "../command";
import { textFlag, wordFlag } from "../flag-values";
import type { ProjectLoader } from "./compose";

export function composeConfig({ load }: ProjectLoader): Command {
  return {
    name: "config",
    summary: "Show the project as it is understood",
    usage: "[OPTIONS] [SERVICE...]",
    flags: [
      { name: "services", type: "boolean", description: "Only names of services" },
      { name: "volumes", type: "boolean", description: "Only names of volumes" },
      { name: "images", type: "boolean", description: "Only names of images" },
      { name: "profiles", type: "boolean", description: "Only names of profiles" },
      { name: "hash", type: "string", description: 'The hash of a service\'s settings; "*" for all' },
      { name: "format", type: "string", description: "Output: yaml or json" },
      { name: "quiet", short: "q", type: "boolean", description: "Check only" },
    ],
    arguments: { min: 0, max: Number.POSITIVE_INFINITY },
    run: async (context, { flags, arguments: services }) => {
      const format = wordFlag(flags, "format", ["yaml", "json"]) ?? "yaml";
      const project = await load(context, services);
      for (const warning of project.warnings) context.err(`warning: ${warning}\n`);
      const hash = textFlag(flags, "hash");
      const lists: Readonly<Record<string, () => readonly string[]>> = {
        services: () => Object.keys(project.services),
        volumes: () => Object.keys(project.volumes),
        images: () => imagesOf(project),
        profiles: () => project.profiles,
      };
      const list = Object.keys(lists).find((name) => flags[name] === true);
      if (flags["quiet"] === true) return 0;
      if (hash !== undefined) context.out(lines(await hashLines(context, project, hash)));
      else if (list !== undefined) context.out(lines(lists[list]?.() ?? []));
      else context.out(renderConfig(project, format));
      return 0;
    },
  };
}

async function hashLines({ env }: CommandContext, project: Project, asked: string): Promise<readonly string[]> {
  const known = Object.keys(project.services);
  const names = asked === "*" ? known : asked.split(",");
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw unknownService(unknown, known);
  const digests = digestsOf(await readStoredFiles(project, names, env));
  return names.map((service) => `${service} ${createContainer({ project, service, number: 1, digests }).configHash}`);
}

function lines(list: readonly string[]): string {
  return list.map((line) => `${line}\n`).join("");
}
