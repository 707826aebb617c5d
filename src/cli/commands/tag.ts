import type { Command } from "../command";
import { splitImageName } from "../image-name";

export const tagCommand: Command = {
  name: "tag",
  summary: "Give an image another name",
  usage: "IMAGE[:TAG] NAME[:TAG]",
  flags: [],
  arguments: { min: 2, max: 2 },
  run: async ({ connect }, { arguments: [image = "", name = ""] }) => {
    const client = await connect();
    const { name: repo, tag } = splitImageName(name);
    await client.images.tag(image, { repo, tag });
    return 0;
  },
};
