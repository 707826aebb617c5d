import { homedir } from "node:os";
import { join } from "node:path";
import { findCredentials } from "../client/registry-credentials";
import type { RegistryAuth } from "../wire/registry-auth";
import { registryOf } from "./image-name";

/** What `docker login` stored for an image's registry, to be spread into a request. Throws `invalid-argument`. */
export async function credentialsFor(
  image: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly auth?: RegistryAuth }> {
  const auth = await findCredentials(registryOf(image), {
    inline: env["DOCKER_AUTH_CONFIG"],
    folder: env["DOCKER_CONFIG"] || join(homedir(), ".docker"),
  });
  return auth === undefined ? {} : { auth };
}
