import type { Command } from "../command";
import { splitImageName } from "../image-name";
import { printStep } from "../progress";
import { credentialsToPush } from "../registry-login";

export const pushCommand: Command = {
  name: "push",
  summary: "Upload an image to a registry",
  usage: "[OPTIONS] NAME[:TAG]",
  flags: [{ name: "quiet", short: "q", type: "boolean", description: "Only show the digest" }],
  arguments: { min: 1, max: 1 },
  run: async ({ connect, env, out }, { flags, arguments: [image = ""] }) => {
    const client = await connect();
    const isQuiet = flags["quiet"] === true;
    const digest = await client.images.push({
      ...splitImageName(image),
      ...(await credentialsToPush(image, env)),
      onProgress: (line) => {
        if (!isQuiet) printStep(line, out);
      },
    });
    if (isQuiet) out(`${digest}\n`);
    return 0;
  },
};
