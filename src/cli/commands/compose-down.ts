import { downProject } from "../../compose/execute/down";
import type { Command } from "../command";
import { progressLines } from "../compose-progress";
import { numberFlag, wordFlag } from "../flag-values";
import type { ProjectLoader } from "./compose";

export function composeDown({ find }: ProjectLoader): Command {
  return {
    name: "down",
    summary: "Stop and remove containers and networks",
    usage: "[OPTIONS]",
    flags: [
      { name: "volumes", short: "v", type: "boolean", description: "Remove volumes too" },
      { name: "remove-orphans", type: "boolean", description: "Remove containers that the files do not know" },
      { name: "rmi", type: "string", description: "Remove images too: all, or local (without a name of their own)" },
      { name: "timeout", short: "t", type: "string", description: "Seconds before a container is killed" },
    ],
    arguments: { min: 0, max: 0 },
    run: async (context, { flags }) => {
      const images = wordFlag(flags, "rmi", ["all", "local"]);
      const stopTimeoutSeconds = numberFlag(flags, "timeout");
      const { name, project } = await find(context);
      const client = await context.connect();
      await downProject({ client, onEvent: progressLines(context.err) }, name, project, {
        volumes: flags["volumes"] === true,
        removeOrphans: flags["remove-orphans"] === true,
        stopTimeoutSeconds,
        ...(images === undefined ? {} : { images }),
      });
      return 0;
    },
  };
}
