import { createClient } from "../../client/client";
import { awaitEngineEnd } from "../../client/engine-end";
import { hasCode } from "../../internal/errors";
import { socketPathOf, stateFolderOf } from "../../internal/state-folder";
import type { Command } from "../command";

/** Talks to the socket itself: to connect in the usual way would start the engine that is to stop. */
export const stopEngineCommand: Command = {
  name: "stop-engine",
  summary: "Stop this user's engine, which by itself leaves some time after its last use",
  usage: "",
  flags: [],
  arguments: { min: 0, max: 0 },
  run: async ({ env, out }) => {
    const uid = process.getuid?.() ?? -1;
    const stateFolder = stateFolderOf(env, uid);
    const client = createClient({ kind: "unix", path: socketPathOf(stateFolder, uid) });
    try {
      await client.system.shutdown();
      await awaitEngineEnd(stateFolder);
      out("engine stopped\n");
    } catch (error) {
      if (!hasCode(error, "engine-unreachable")) throw error;
      out("no engine is running\n");
    } finally {
      client.close();
    }
    return 0;
  },
};
