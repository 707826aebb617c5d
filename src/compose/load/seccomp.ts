import { readComposeFile } from "./read-compose-file";

/** What a daemon knows without a file, and a profile that is given as it is. */
export function isSeccompWord(text: string): boolean {
  return /^(unconfined|builtin|default)$/.test(text) || text.trimStart().startsWith("{");
}

/** The daemon wants the profile itself where a compose file names a file. */
export async function withSeccompProfiles(options: readonly string[]): Promise<readonly string[]> {
  return Promise.all(
    options.map(async (option) => {
      const [, path] = /^seccomp=(.+)$/.exec(option) ?? [];
      return path === undefined || isSeccompWord(path) ? option : `seccomp=${await readComposeFile(path)}`;
    }),
  );
}
