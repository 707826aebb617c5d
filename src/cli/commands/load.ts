import { createReadStream } from "node:fs";
import type { Command } from "../command";
import { printStep } from "../progress";

export const loadCommand: Command = {
  name: "load",
  summary: "Read images from an archive",
  usage: "[OPTIONS]",
  flags: [
    { name: "input", short: "i", type: "string", description: "File to read (default: standard input)" },
    { name: "quiet", short: "q", type: "boolean", description: "Suppress the output" },
  ],
  arguments: { min: 0, max: 0 },
  run: async ({ connect, out, stdin }, { flags }) => {
    const { input } = flags;
    const client = await connect();
    await client.images.load(typeof input === "string" ? createReadStream(input) : stdin, (line) => {
      if (flags["quiet"] !== true) printStep(line, out);
    });
    return 0;
  },
};
