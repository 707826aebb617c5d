import { constants } from "node:fs";
import { access } from "node:fs/promises";
import { join } from "node:path";

/** The file a search path leads to; undefined: not installed. */
export async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(":")) {
    const file = join(folder, name);
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return undefined;
}
