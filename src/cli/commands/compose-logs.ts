import { followLogs } from "../../compose/execute/follow-logs";
import type { Command } from "../command";
import { numberFlag, textFlag } from "../flag-values";
import { untilInterrupted } from "../interruption";
import type { ProjectLoader } from "./compose";

export function composeLogs({ find }: ProjectLoader): Command {
  return {
    name: "logs",
    summary: "Show what containers wrote",
    usage: "[OPTIONS] [SERVICE...]",
    flags: [
      { name: "follow", short: "f", type: "boolean", description: "Go on until the containers end" },
      { name: "tail", short: "n", type: "string", description: "Number of last lines of each (default: all)" },
      { name: "no-log-prefix", type: "boolean", description: "Leave out the name before each line" },
    ],
    arguments: { min: 0, max: Number.POSITIVE_INFINITY },
    run: async (context, { flags, arguments: services }) => {
      const tail = textFlag(flags, "tail") === "all" ? undefined : numberFlag(flags, "tail");
      const { name } = await find(context);
      const client = await context.connect();
      await untilInterrupted((signal) =>
        followLogs(client, name, {
          services,
          follow: flags["follow"] === true,
          hasPrefix: flags["no-log-prefix"] !== true,
          signal,
          write: context.out,
          ...(tail === undefined ? {} : { tail }),
        }),
      );
      return 0;
    },
  };
}
