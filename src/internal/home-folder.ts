import { homedir } from "node:os";

/**
 * The home of whoever runs this process: HOME, else what the list of users says. Undefined: neither knows one, as in a
 * container that runs under a user id of its own, where Node throws.
 */
export function homeFolder(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (env["HOME"]) return env["HOME"];
  try {
    return homedir();
  } catch {
    return undefined;
  }
}
