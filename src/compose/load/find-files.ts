import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RuncibleError } from "../../internal/errors";

const names = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const overrides = [
  "compose.override.yaml",
  "compose.override.yml",
  "docker-compose.override.yml",
  "docker-compose.override.yaml",
];

/** The compose file of a folder or of the nearest one above, and its override. Throws `compose-file-missing`. */
export async function findComposeFiles(folder: string): Promise<readonly string[]> {
  const file = await firstOf(folder, names);
  if (file !== undefined) {
    const override = await firstOf(folder, overrides);
    return override === undefined ? [file] : [file, override];
  }
  const parent = dirname(folder);
  if (parent !== folder) return findComposeFiles(parent);
  throw new RuncibleError(
    "compose-file-missing",
    `find compose file: neither this folder nor one above has ${names.join(", ")}; name one with -f`,
  );
}

async function firstOf(folder: string, candidates: readonly string[]): Promise<string | undefined> {
  for (const name of candidates) {
    const path = join(folder, name);
    if (await stat(path).catch(() => undefined)) return path;
  }
  return undefined;
}
