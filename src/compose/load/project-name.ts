import { basename } from "node:path";
import { RuncibleError } from "../../internal/errors";
import { faultIn } from "./fault";
import type { Position } from "./node";

const rule = "must be of lower case letters, digits, dashes and underscores, a letter or digit first";

/** A name that somebody chose. Throws `invalid-argument`. */
export function checkProjectName(name: string, source: string): string {
  if (isProjectName(name)) return name;
  throw new RuncibleError("invalid-argument", `name project: "${name}" (${source}) ${rule}`);
}

/** A name that a file gives, fitted as that of a folder is. Throws `compose-file-invalid` with its place. */
export function projectNameInFile(name: string, at: Position): string {
  const fitting = fittingPart(name);
  if (fitting !== "") return fitting;
  throw faultIn({ at, key: "name", message: `"${name}" ${rule}` });
}

function isProjectName(name: string): boolean {
  return /^[a-z0-9][a-z0-9_-]*$/.test(name);
}

/** The name of a folder, without what a project name may not have. Throws `invalid-argument` when nothing is left. */
export function projectNameOfFolder(folder: string): string {
  const name = fittingPart(basename(folder));
  if (name !== "") return name;
  throw new RuncibleError("invalid-argument", `name project: the folder ${folder} gives no name; choose one with -p`);
}

function fittingPart(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
}
