import { randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../internal/errors";

/** 8 hexadecimal digits that name this state folder's engine in the kernel: cgroups, links, tables. */
export async function readEngineId(stateFolder: string): Promise<string> {
  const path = join(stateFolder, "engine-id");
  try {
    const id = (await readFile(path, "utf8")).trim();
    if (/^[0-9a-f]{8}$/.test(id)) return id;
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
  const id = randomBytes(4).toString("hex");
  await writeFile(path, `${id}\n`, { mode: 0o600 });
  return id;
}
