import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, messageOf, RuncibleError } from "../../internal/errors";
import { parseRegistriesConf, type RegistryRule } from "./registries-conf";

/** A registries.conf and what belongs to it. */
export interface RegistriesPlace {
  readonly file: string;
  /**
   * Folders with more files (`*.conf`), read after it in the order of their names: a later rule replaces one of the
   * same prefix.
   */
  readonly folders: readonly string[];
  /** One that was named and does not exist is an error. */
  readonly isRequired: boolean;
}

/** Throws `registries-conf-invalid`. */
export type ReadRegistryRules = () => Promise<readonly RegistryRule[]>;

/**
 * Reads the first of the places whose file exists, else the folders of the last. The files are read at each call, as an
 * engine outlives their edits; what has not changed is not parsed again.
 */
export function createRulesReader(places: readonly RegistriesPlace[]): ReadRegistryRules {
  const parsed = new Map<string, { readonly text: string; readonly rules: readonly RegistryRule[] }>();
  const rulesOf = (file: string, text: string): readonly RegistryRule[] => {
    const known = parsed.get(file);
    if (known?.text === text) return known.rules;
    const rules = parseRegistriesConf(text, file);
    parsed.set(file, { text, rules });
    return rules;
  };
  return async () => {
    const byPrefix = new Map<string, RegistryRule>();
    for (const [file, text] of await filesOf(places)) {
      for (const rule of rulesOf(file, text)) byPrefix.set(rule.prefix, rule);
    }
    return [...byPrefix.values()];
  };
}

type NamedText = readonly [file: string, text: string];

async function filesOf(places: readonly RegistriesPlace[]): Promise<readonly NamedText[]> {
  let folders: readonly string[] = [];
  for (const place of places) {
    folders = place.folders;
    const text = await textOf(place.file);
    if (text !== undefined) return [[place.file, text], ...(await dropInsOf(folders))];
    if (place.isRequired) {
      throw new RuncibleError(
        "registries-conf-invalid",
        `read ${place.file}: CONTAINERS_REGISTRIES_CONF names it, but there is none`,
      );
    }
  }
  return dropInsOf(folders);
}

async function dropInsOf(folders: readonly string[]): Promise<readonly NamedText[]> {
  const all = await Promise.all(
    folders.map(async (folder) => {
      const names = (await unlessMissing(folder, () => readdir(folder))) ?? [];
      const files = names.filter((name) => name.endsWith(".conf")).sort();
      return Promise.all(files.map(async (name) => [join(folder, name), await textOf(join(folder, name))] as const));
    }),
  );
  return all.flat().flatMap(([file, text]) => (text === undefined ? [] : [[file, text] as const]));
}

function textOf(file: string): Promise<string | undefined> {
  return unlessMissing(file, () => readFile(file, "utf8"));
}

async function unlessMissing<T>(path: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (cause) {
    if (hasCode(cause, "ENOENT") || hasCode(cause, "ENOTDIR")) return undefined;
    // Passed over, it might hide that a registry is blocked.
    throw new RuncibleError("registries-conf-invalid", `read ${path}: ${messageOf(cause)}`, { cause });
  }
}
