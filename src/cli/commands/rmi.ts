import { messageOf } from "../../internal/errors";
import type { Command } from "../command";

export const rmiCommand: Command = {
  name: "rmi",
  summary: "Remove images, or names of them",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  flags: [{ name: "force", short: "f", type: "boolean", description: "Also when stopped containers use it" }],
  arguments: { min: 1, max: 100 },
  run: async ({ connect, out, err }, { flags, arguments: names }) => {
    const client = await connect();
    let exitCode = 0;
    for (const name of names) {
      try {
        const removals = await client.images.remove(name, { force: flags["force"] === true });
        for (const removal of removals) {
          out("Untagged" in removal ? `Untagged: ${removal.Untagged}\n` : `Deleted: ${removal.Deleted}\n`);
        }
      } catch (error) {
        // The others are still to go.
        err(`runcible: ${messageOf(error)}\n`);
        exitCode = 1;
      }
    }
    return exitCode;
  },
};
