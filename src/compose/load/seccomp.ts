import { readReferred } from "./fault";
import type { PlaceOf } from "./finish-service";
import { readComposeFile } from "./read-compose-file";

/** What a daemon knows without a file, and a profile that is given as it is. */
export function isSeccompWord(text: string): boolean {
  return /^(unconfined|builtin|default)$/.test(text) || text.trimStart().startsWith("{");
}

/** The daemon wants the profile itself where a compose file names a file. */
export async function withSeccompProfiles(options: readonly string[], placeOf: PlaceOf): Promise<readonly string[]> {
  return Promise.all(
    options.map(async (option, index) => {
      const [, path] = /^seccomp=(.+)$/.exec(option) ?? [];
      if (path === undefined || isSeccompWord(path)) return option;
      return `seccomp=${await readReferred(readComposeFile(path), placeOf("security_opt", index))}`;
    }),
  );
}
