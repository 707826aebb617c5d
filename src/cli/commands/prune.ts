import type { Command } from "../command";

export const pruneCommand: Command = {
  name: "prune",
  summary: "Remove reusable containers that nobody uses, which by themselves stay for a while",
  usage: "",
  flags: [],
  arguments: { min: 0, max: 0 },
  run: async ({ connect, out }) => {
    const client = await connect({ own: true });
    const { Removed } = await client.reuse.prune();
    out(Removed.map((id) => `${id.slice(0, 12)}\n`).join(""));
    return 0;
  },
};
