import { createClient } from "../../client/client";
import { awaitEngineEnd } from "../../client/engine-end";
import { removeStateFolder } from "../../client/remove-state";
import { thawLeftovers } from "../../client/thaw";
import { hasCode } from "../../internal/errors";
import { socketPathOf, stateFolderOf } from "../../internal/state-folder";
import type { Command } from "../command";

/** An ordinary user cannot simply delete the folder: files in it belong to the users of containers. */
export const resetCommand: Command = {
  name: "reset",
  summary: "Remove everything this user's engine keeps: images, containers, volumes and networks",
  usage: "[OPTIONS]",
  flags: [{ name: "force", type: "boolean", description: "Do it; without this, only what would go is told" }],
  arguments: { min: 0, max: 0 },
  run: async ({ env, out }, { flags }) => {
    const uid = process.getuid?.() ?? -1;
    const stateFolder = stateFolderOf(env, uid);
    if (flags["force"] !== true) {
      out(`this removes ${stateFolder} with all images, containers and volumes; to do it, add --force\n`);
      return 1;
    }
    await endEngine(stateFolder, socketPathOf(stateFolder, uid));
    await removeStateFolder(stateFolder);
    out(`removed ${stateFolder}\n`);
    return 0;
  },
};

async function endEngine(stateFolder: string, socketPath: string): Promise<void> {
  const client = createClient({ kind: "unix", path: socketPath });
  try {
    await client.system.shutdown();
    await awaitEngineEnd(stateFolder);
  } catch (error) {
    if (!hasCode(error, "engine-unreachable")) throw error;
    await thawLeftovers(stateFolder);
  } finally {
    client.close();
  }
}
