import { basename } from "node:path";
import { RuncibleError } from "../../internal/errors";

/** A name that somebody chose. Throws `invalid-argument`. */
export function checkProjectName(name: string, source: string): string {
  if (/^[a-z0-9][a-z0-9_-]*$/.test(name)) return name;
  throw new RuncibleError(
    "invalid-argument",
    `name project: "${name}" (${source}) must be of lower case letters, digits, dashes and underscores, a letter or digit first`,
  );
}

/** The name of a folder, without what a project name may not have. Throws `invalid-argument` when nothing is left. */
export function projectNameOfFolder(folder: string): string {
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
  if (name !== "") return name;
  throw new RuncibleError("invalid-argument", `name project: the folder ${folder} gives no name; choose one with -p`);
}
