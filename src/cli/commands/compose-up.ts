import { stopServices } from "../../compose/execute/down";
import { followLogs } from "../../compose/execute/follow-logs";
import { type UpContext, upServices } from "../../compose/execute/up";
import type { Project } from "../../compose/model/project";
import { servicesOf, type UpOptions } from "../../compose/plan/plan-up";
import { RuncibleError } from "../../internal/errors";
import type { Command, CommandContext, Flags } from "../command";
import { progressLines } from "../compose-progress";
import { listFlag, numberFlag, wordFlag } from "../flag-values";
import { untilInterrupted } from "../interruption";
import { loginSources } from "../registry-login";
import type { ProjectLoader } from "./compose";

export function composeUp({ load }: ProjectLoader): Command {
  return {
    name: "up",
    summary: "Create and start containers",
    usage: "[OPTIONS] [SERVICE...]",
    flags: [
      { name: "detach", short: "d", type: "boolean", description: "Leave the containers running in the background" },
      { name: "build", type: "boolean", description: "Build images also if they are there" },
      { name: "force-recreate", type: "boolean", description: "Replace containers also if nothing changed" },
      { name: "no-recreate", type: "boolean", description: "Keep containers also if something changed" },
      { name: "no-start", type: "boolean", description: "Create only" },
      { name: "no-deps", type: "boolean", description: "Leave out what the services depend on" },
      { name: "pull", type: "string", description: "Pull images: always, missing or never" },
      { name: "quiet-pull", type: "boolean", description: "Show no progress of pulls" },
      { name: "remove-orphans", type: "boolean", description: "Remove containers that the files do not know" },
      { name: "scale", type: "string", isRepeatable: true, description: "Number of containers, SERVICE=NUMBER" },
      { name: "timeout", short: "t", type: "string", description: "Seconds before a container is killed" },
      { name: "wait", type: "boolean", description: "Wait until all services are healthy; implies --detach" },
    ],
    arguments: { min: 0, max: Number.POSITIVE_INFINITY },
    run: async (context, { flags, arguments: services }) => {
      const project = await load(context, services);
      const options = optionsOf(flags, services, project);
      const client = await context.connect();
      return untilInterrupted(async (signal) => {
        const upContext: UpContext = {
          client,
          env: context.env,
          signal,
          onEvent: progressLines(context.err, flags["quiet-pull"] === true),
          credentialSources: loginSources(context.env),
        };
        await upServices(upContext, project, options);
        const isDetached = flags["detach"] === true || options.wait === true || options.noStart === true;
        return isDetached ? 0 : attach(context, upContext, project, servicesOf(project, options), signal);
      });
    },
  };
}

/** Shows what the containers write until they have ended, or Ctrl-C ends them. */
async function attach(
  context: CommandContext,
  { client, onEvent }: UpContext,
  project: Project,
  services: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const attached = services.filter((name) => project.services[name]?.attach !== false);
  await followLogs(client, project.name, { services: attached, follow: true, signal, write: context.out });
  if (!signal.aborted) return 0;
  context.err("Gracefully stopping... (press Ctrl+C again to force)\n");
  await stopServices({ client, ...(onEvent === undefined ? {} : { onEvent }) }, project.name, services);
  return 130;
}

function optionsOf(flags: Flags, services: readonly string[], project: Project): UpOptions {
  if (flags["force-recreate"] === true && flags["no-recreate"] === true) {
    throw new RuncibleError("invalid-argument", "run compose up: --force-recreate excludes --no-recreate");
  }
  const timeout = numberFlag(flags, "timeout");
  const recreate = flags["force-recreate"] === true ? "all" : flags["no-recreate"] === true ? "never" : "diverged";
  return {
    services,
    recreate,
    build: flags["build"] === true,
    pull: wordFlag(flags, "pull", ["always", "missing", "never"]),
    noDependencies: flags["no-deps"] === true,
    noStart: flags["no-start"] === true,
    wait: flags["wait"] === true,
    removeOrphans: flags["remove-orphans"] === true,
    scale: Object.fromEntries(listFlag(flags, "scale").map((text) => scaleOf(text, project))),
    ...(timeout === undefined ? {} : { stopTimeoutSeconds: timeout }),
  };
}

function scaleOf(text: string, { services }: Project): readonly [string, number] {
  const [, name, count] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
  if (name === undefined || count === undefined) {
    throw new RuncibleError("invalid-argument", `read --scale: "${text}" is not SERVICE=NUMBER`);
  }
  if (!Object.hasOwn(services, name)) {
    throw new RuncibleError("compose-service-unknown", `read --scale: the project has no service "${name}"`);
  }
  if (Number(count) > 1 && services[name]?.container_name !== undefined) {
    throw new RuncibleError(
      "invalid-argument",
      `scale ${name}: it has a container_name, which only one container can have`,
    );
  }
  return [name, Number(count)];
}
