import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { type EnvFileFormat, parseDotenv } from "./dotenv";
import type { Variables } from "./interpolate";

/** The files in order, later values winning; without any, the `.env` of the folder, if there is one. */
export async function readEnvironmentFiles(
  files: readonly string[],
  folder: string,
  outer: Variables["lookup"],
): Promise<ReadonlyMap<string, string>> {
  if (files.length === 0) {
    return (await readEnvironmentFile({ path: join(folder, ".env"), required: false }, outer)) ?? new Map();
  }
  const values = new Map<string, string>();
  for (const path of files) {
    const found = await readEnvironmentFile({ path, required: true }, (name) => outer(name) ?? values.get(name));
    for (const [name, value] of found ?? []) values.set(name, value);
  }
  return values;
}

/** Undefined when it does not exist and need not. Throws `compose-file-missing`, `compose-file-invalid`. */
export async function readEnvironmentFile(
  file: { readonly path: string; readonly required: boolean; readonly format?: EnvFileFormat },
  outer: Variables["lookup"],
): Promise<ReadonlyMap<string, string> | undefined> {
  let text: string;
  try {
    text = await readFile(file.path, "utf8");
  } catch (cause) {
    const isMissing = hasCode(cause, "ENOENT") || (hasCode(cause, "EISDIR") && !file.required);
    if (isMissing && !file.required) return undefined;
    throw new RuncibleError(
      isMissing ? "compose-file-missing" : "compose-file-invalid",
      `read environment file: ${file.path}: ${isMissing ? "there is no such file" : messageOf(cause)}`,
      { cause, evidence: { file: file.path } },
    );
  }
  return parseDotenv(text, file.path, outer, file.format);
}
