import type { Command } from "../command";
import { splitImageName } from "../image-name";
import { printStep } from "../progress";
import { credentialsToPullWith } from "../registry-login";

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
  run: async ({ connect, env, out }, { flags, arguments: [image = ""] }) => {
    const client = await connect();
    const platform = flags["platform"];
    const isQuiet = flags["quiet"] === true;
    await client.images.pull({
      ...splitImageName(image),
      ...(await credentialsToPullWith(client, env)(image)),
      ...(typeof platform === "string" ? { platform } : {}),
      onProgress: (line) => {
        if (!isQuiet) printStep(line, out);
      },
    });
    if (isQuiet) out(`${image}\n`);
    return 0;
  },
};
