import { baseNames } from "../build/dockerfile/base-names";
import type { RegistryAuth } from "../wire/registry-auth";
import type { CommandContext } from "./command";
import { registryOf } from "./image-name";
import { credentialsFor } from "./registry-login";

/** What `docker login` stored for the registries of a build's base images, by registry. Throws `invalid-argument`. */
export async function buildCredentials(
  env: CommandContext["env"],
  dockerfileText: string,
  buildArgs: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, RegistryAuth>> {
  const found = await Promise.all(
    baseNames(dockerfileText, buildArgs).map(async (name) => {
      const { auth } = await credentialsFor(name, env);
      return auth === undefined ? [] : [[auth.serverAddress ?? registryOf(name) ?? "docker.io", auth] as const];
    }),
  );
  return new Map(found.flat());
}
