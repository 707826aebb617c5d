import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

export interface Change {
  /** From the container's root, with a leading slash. */
  readonly path: string;
  readonly kind: "modified" | "added" | "deleted";
}

/** Reads an overlay's upper folder: a character device 0/0 is a deletion, the rest is new or changed. */
export async function changesIn(upper: string, layers: readonly string[]): Promise<readonly Change[]> {
  const changes: Change[] = [];
  const walk = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(upper, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const stat = await lstat(join(upper, path));
      if (stat.isCharacterDevice() && stat.rdev === 0) {
        changes.push({ path, kind: "deleted" });
        continue;
      }
      changes.push({ path, kind: (await existsBelow(layers, path)) ? "modified" : "added" });
      if (entry.isDirectory()) await walk(path);
    }
  };
  await walk("/");
  return changes;
}

async function existsBelow(layers: readonly string[], path: string): Promise<boolean> {
  for (const layer of [...layers].reverse()) {
    const stat = await lstat(join(layer, path)).catch(() => undefined);
    if (stat !== undefined) return !(stat.isCharacterDevice() && stat.rdev === 0);
  }
  return false;
}
