import { runEngineInForeground } from "../../client/foreground";
import type { Command } from "../command";

export const engineCommand: Command = {
  name: "engine",
  summary: "Run an engine until Ctrl-C, and show its log; tests start one by themselves",
  usage: "",
  flags: [],
  arguments: { min: 0, max: 0 },
  run: ({ env }) => {
    const interruption = new AbortController();
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => interruption.abort());
    return runEngineInForeground(env, interruption.signal);
  },
};
