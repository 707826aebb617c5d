import { join } from "node:path";
import { homeFolder } from "../internal/home-folder";

/** Where `docker login` keeps its config.json: DOCKER_CONFIG, else below the home. Undefined: this user has neither. */
export function dockerConfigFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env["DOCKER_CONFIG"]) return env["DOCKER_CONFIG"];
  const home = homeFolder(env);
  return home === undefined ? undefined : join(home, ".docker");
}
