import { createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { messageOf, RuncibleError } from "../../internal/errors";
import type { Command } from "../command";

export const saveCommand: Command = {
  name: "save",
  summary: "Write images to an archive, for this or any other engine",
  usage: "[OPTIONS] IMAGE [IMAGE...]",
  flags: [{ name: "output", short: "o", type: "string", description: "File to write (default: standard output)" }],
  arguments: { min: 1, max: 100 },
  run: async ({ connect, stdout }, { flags, arguments: names }) => {
    const { output } = flags;
    if (typeof output !== "string" && stdout.isTTY === true) {
      throw new RuncibleError("invalid-argument", "save: an archive is nothing for a terminal; use -o or redirect");
    }
    const client = await connect();
    const archive = await client.images.save(names);
    const target = typeof output === "string" ? createWriteStream(output) : stdout;
    await pipeline(archive, target, { end: target !== stdout }).catch((cause: unknown) => {
      throw new RuncibleError("command-failed", `save: write archive: ${messageOf(cause)}`, { cause });
    });
    return 0;
  },
};
