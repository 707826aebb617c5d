import { homedir } from "node:os";
import { join } from "node:path";
import { findCredentials } from "../client/registry-credentials";
import type { RegistryAuth } from "../wire/registry-auth";
import type { CommandContext } from "./command";

/** What `docker login` stored for the registry of an image. */
export function imageCredentials(env: CommandContext["env"], image: string): Promise<RegistryAuth | undefined> {
  const [first = "", ...rest] = image.split("/");
  const isRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  return findCredentials(isRegistry ? first : undefined, {
    inline: env["DOCKER_AUTH_CONFIG"] || undefined,
    folder: env["DOCKER_CONFIG"] || join(env["HOME"] || homedir(), ".docker"),
  });
}
