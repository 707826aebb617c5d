import type { EngineClient } from "../client/client";
import { dockerConfigFolder } from "../client/docker-config-folder";
import { credentialsToPull, type PullCredentials } from "../client/pull-credentials";
import { type CredentialSources, findCredentials, registryOf } from "../client/registry-credentials";
import type { RegistryAuth } from "../wire/registry-auth";
import type { CommandContext } from "./command";

/** Where `docker login` stores what it was told. */
export function loginSources(env: CommandContext["env"]): CredentialSources {
  return {
    inline: env["DOCKER_AUTH_CONFIG"] || undefined,
    folder: dockerConfigFolder(env),
  };
}

/** What `docker login` stored for the registries that an image may come from. Throws `invalid-argument`. */
export function credentialsToPullWith(
  { images }: EngineClient,
  env: CommandContext["env"],
): (image: string) => Promise<PullCredentials> {
  return (image) => credentialsToPull(images, { name: image, registry: registryOf(image) }, loginSources(env));
}

/** What `docker login` stored for an image's registry, to be spread into a request. Throws `invalid-argument`. */
export async function credentialsToPush(
  image: string,
  env: CommandContext["env"],
): Promise<{ readonly auth?: RegistryAuth }> {
  const auth = await findCredentials(registryOf(image), loginSources(env));
  return auth === undefined ? {} : { auth };
}
