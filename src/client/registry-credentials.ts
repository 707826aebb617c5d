import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode, messageOf, RuncibleError } from "../internal/errors";
import { type RegistryAuth, registryAuthOf } from "../wire/registry-auth";
import { askCredentialHelper } from "./credential-helper";

/** Where Docker's config.json is. */
export interface CredentialSources {
  /** The file's content itself (DOCKER_AUTH_CONFIG); the file is not read then. */
  readonly inline: string | undefined;
  /** Folder of config.json. Undefined: there is none, as this user has no home. */
  readonly folder: string | undefined;
}

/** Docker Hub's key in config.json, and its names in references. */
const hubKey = "https://index.docker.io/v1/";
const hubNames: readonly (string | undefined)[] = [undefined, "docker.io", "index.docker.io"];

/**
 * What is known of a registry, `undefined` being Docker Hub; undefined: nothing. Asked for are, in this order, the
 * helper of the registry, the helper of all, and what `docker login` stored. Throws `invalid-argument` for a file that
 * cannot be read, `credential-helper-failed`.
 */
export async function findCredentials(
  registry: string | undefined,
  sources: CredentialSources,
): Promise<RegistryAuth | undefined> {
  const { auths, credHelpers, credsStore } = await readSources(sources);
  const wanted = hubNames.includes(registry) ? hubKey : String(registry);
  const helpers = [credHelpers[wanted], credsStore].filter((name) => typeof name === "string" && name !== "");
  for (const helper of helpers) {
    const found = await askCredentialHelper(String(helper), wanted);
    if (found !== undefined) return found;
  }
  const key = Object.keys(auths).find((name) => name === wanted || name.endsWith(`://${wanted}`));
  const auth = key === undefined ? undefined : registryAuthOf(auths[key]);
  return auth && { serverAddress: wanted, ...auth };
}

/**
 * What is known of several registries, each asked for once, by the address that it is for. Throws as `findCredentials`.
 */
export async function findAllCredentials(
  registries: readonly (string | undefined)[],
  sources: CredentialSources,
): Promise<ReadonlyMap<string, RegistryAuth>> {
  const found = await Promise.all(
    [...new Set(registries)].map(async (registry) => {
      const auth = await findCredentials(registry, sources);
      return auth === undefined ? [] : [[auth.serverAddress ?? registry ?? "docker.io", auth] as const];
    }),
  );
  return new Map(found.flat());
}

/** The registry that an image name begins with; undefined: Docker Hub. */
export function registryOf(image: string): string | undefined {
  const slash = image.indexOf("/");
  const first = image.slice(0, Math.max(0, slash));
  return first === "localhost" || /[.:]/.test(first) ? first : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

interface DockerConfig {
  readonly auths: Fields;
  readonly credHelpers: Fields;
  readonly credsStore: unknown;
}

async function readSources({ inline, folder }: CredentialSources): Promise<DockerConfig> {
  const config = inline === undefined ? await readConfig(folder) : parseConfig(inline, "DOCKER_AUTH_CONFIG");
  return {
    auths: fieldsOf(config["auths"]),
    credHelpers: fieldsOf(config["credHelpers"]),
    credsStore: config["credsStore"],
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

/** A user without the file has logged in nowhere. */
async function readConfig(folder: string | undefined): Promise<Fields> {
  if (folder === undefined) return {};
  const file = join(folder, "config.json");
  const text = await textOf(file);
  return text === undefined ? {} : parseConfig(text, file);
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (hasCode(cause, "ENOENT") || hasCode(cause, "ENOTDIR")) return undefined;
    throw new RuncibleError("invalid-argument", `read registry credentials: ${messageOf(cause)}`, { cause });
  }
}

/** The parser's own message quotes the text, and with it passwords: it is no cause here. */
function parseConfig(text: string, source: string): Fields {
  try {
    const config: unknown = JSON.parse(text);
    if (typeof config === "object" && config !== null) return { ...config };
  } catch {
    // Said below.
  }
  throw new RuncibleError(
    "invalid-argument",
    `read registry credentials: ${source} is no JSON object; mend or unset it`,
  );
}
