import type { Command } from "../command";
import { splitImageName } from "../image-name";

export const pullCommand: Command = {
  name: "pull",
  summary: "Download an image from a registry",
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  flags: [
    {
      name: "platform",
      type: "string",
      description: "Platform to choose, linux/arm64 for example (default: this machine's)",
    },
    { name: "quiet", short: "q", type: "boolean", description: "Suppress verbose output" },
  ],
  arguments: { min: 1, max: 1 },
  run: async ({ connect, out }, { flags, arguments: [image = ""] }) => {
    const client = await connect();
    const platform = flags["platform"];
    await client.images.pull({
      ...splitImageName(image),
      ...(typeof platform === "string" ? { platform } : {}),
      onProgress: ({ id, status, progressDetail }) => {
        // One line per step, not per chunk: the output is for logs as well as for people.
        if (flags["quiet"] === true || status === undefined || progressDetail?.current !== undefined) return;
        out(id === undefined ? `${status}\n` : `${id}: ${status}\n`);
      },
    });
    if (flags["quiet"] === true) out(`${image}\n`);
    return 0;
  },
};
