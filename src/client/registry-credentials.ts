import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, messageOf, RuncibleError } from "../internal/errors";
import { type RegistryAuth, registryAuthOf } from "../wire/registry-auth";

/** Where Docker's config.json is. */
export interface CredentialSources {
  /** The file's content itself (DOCKER_AUTH_CONFIG); the file is not read then. */
  readonly inline: string | undefined;
  /** Folder of config.json. */
  readonly folder: string;
}

/** Docker Hub's key in config.json, and its names in references. */
const hubKey = "https://index.docker.io/v1/";
const hubNames: readonly (string | undefined)[] = [undefined, "docker.io", "index.docker.io"];

/**
 * What `docker login` stored for a registry, `undefined` being Docker Hub; undefined: nothing. Credential helpers are
 * not asked. Throws `invalid-argument` for a file that cannot be read.
 */
export async function findCredentials(
  registry: string | undefined,
  sources: CredentialSources,
): Promise<RegistryAuth | undefined> {
  const auths = await readAuths(sources);
  const wanted = hubNames.includes(registry) ? hubKey : String(registry);
  const key = Object.keys(auths).find((name) => name === wanted || name.endsWith(`://${wanted}`));
  const auth = key === undefined ? undefined : registryAuthOf(auths[key]);
  return auth && { serverAddress: wanted, ...auth };
}

async function readAuths({ inline, folder }: CredentialSources): Promise<Readonly<Record<string, unknown>>> {
  const file = join(folder, "config.json");
  const text = inline ?? (await readConfig(file));
  if (text === undefined) return {};
  const config = parseConfig(text, inline === undefined ? file : "DOCKER_AUTH_CONFIG");
  return typeof config.auths === "object" && config.auths !== null ? { ...config.auths } : {};
}

async function readConfig(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (hasCode(cause, "ENOENT") || hasCode(cause, "ENOTDIR")) return undefined;
    throw new RuncibleError("invalid-argument", `read registry credentials: ${messageOf(cause)}`, { cause });
  }
}

/** The parser's own message quotes the text, and with it passwords: it is no cause here. */
function parseConfig(text: string, source: string): { readonly auths?: unknown } {
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null) return config;
  } catch {
    // Said below.
  }
  throw new RuncibleError(
    "invalid-argument",
    `read registry credentials: ${source} is no JSON object; mend or unset it`,
  );
}
