import { mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { onTestFinished } from "vitest";

/**
 * A folder with all programs of the search path but some, for the time of a test: a `PATH` of a machine that lacks
 * them.
 */
export async function searchPathWithout(...names: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "runcible-path-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const place of (process.env["PATH"] ?? "").split(delimiter)) {
    for (const program of await readdir(place).catch(() => [])) {
      if (names.includes(program)) continue;
      // The first one of a name is the one that is found.
      await symlink(join(place, program), join(folder, program)).catch(() => {});
    }
  }
  return folder;
}
