import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Lets processes die that an engine left frozen: on version 1 of cgroups a paused container survives SIGKILL, and keeps
 * the engine's lock. To be called when nobody serves: an engine that comes up has paused nothing yet. Idempotent; what
 * cannot be thawed is left.
 */
export async function thawLeftovers(stateFolder: string): Promise<void> {
  const list = await readFile(join(stateFolder, "run-cgroups"), "utf8").catch(() => "");
  for (const group of list.split("\n").filter((line) => /\/runcible-[0-9a-f]{8}$/.test(line))) {
    const entries = await readdir(group, { recursive: true, withFileTypes: true }).catch(() => []);
    for (const { name, parentPath } of entries) {
      if (name === "freezer.state") await writeFile(join(parentPath, name), "THAWED").catch(() => {});
    }
  }
}
