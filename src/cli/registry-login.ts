import { homedir } from "node:os";
import { join } from "node:path";
import { type CredentialSources, findCredentials } from "../client/registry-credentials";
import type { RegistryAuth } from "../wire/registry-auth";
import type { CommandContext } from "./command";
import { registryOf } from "./image-name";

/** Where `docker login` stores what it was told. */
export function loginSources(env: CommandContext["env"]): CredentialSources {
  return {
    inline: env["DOCKER_AUTH_CONFIG"] || undefined,
    folder: env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker"),
  };
}

/** What `docker login` stored for an image's registry, to be spread into a request. Throws `invalid-argument`. */
export async function credentialsFor(
  image: string,
  env: CommandContext["env"],
): Promise<{ readonly auth?: RegistryAuth }> {
  const auth = await findCredentials(registryOf(image), loginSources(env));
  return auth === undefined ? {} : { auth };
}
