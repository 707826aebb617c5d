import { packageVersion } from "../../client/connect";
import type { Command } from "../command";

export const versionCommand: Command = {
  name: "version",
  summary: "Show the version of this package",
  usage: "",
  flags: [],
  arguments: { min: 0, max: 0 },
  run: async ({ out }) => {
    out(`runcible ${await packageVersion()}\n`);
    return 0;
  },
};
