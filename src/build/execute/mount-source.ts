import { RuncibleError } from "../../internal/errors";
import { run } from "../../internal/exec";
import type { Mount } from "../../runtime/mount";
import { selectSources } from "../context/select-sources";
import type { MountFlag } from "../plan/mount-flag";
import type { Build } from "./build";
import { sourceRoot } from "./source-root";
import { inFolder, type Stage } from "./stage-state";

/** A mount of a step that is ready; releasing it takes back what it needed. */
export interface OpenMount {
  readonly mount?: Mount;
  readonly variable?: string;
  readonly release: () => Promise<void>;
}

/** Where in the context, a stage or an image the mount begins. Throws `path-not-found`. */
export async function bindSource(
  build: Build,
  stage: Stage,
  { type, from, source }: MountFlag,
): Promise<{ readonly path: string }> {
  const root = await sourceRoot(build, stage, from);
  const step = `RUN --mount=type=${type} failed`;
  const [found] = await selectSources(root, source ?? "/", { step, isContext: from === undefined });
  if (found === undefined) throw new RuncibleError("path-not-found", `mount ${source ?? "/"}: it is not there`);
  return found;
}

/** With owners, modes and times; shared blocks where the file system has them. */
export async function cloneTree({ signal }: Build, from: string, to: string): Promise<void> {
  const args = ["--archive", "--reflink=auto", "--no-target-directory", from, to];
  await run("cp", args, { signal, timeoutMs: 600_000 });
}

/** Absolute, without a slash at its end. Throws `invalid-argument`. */
export function targetOf(stage: Stage, { type, target }: MountFlag): string {
  if (target === undefined) throw new RuncibleError("invalid-argument", `RUN --mount=type=${type}: target is required`);
  return inFolder(stage, target).replace(/(.)\/$/, "$1");
}

export function bind(source: string, target: string, isReadOnly: boolean): Mount {
  return { type: "bind", source, target, options: ["rbind", "rprivate", isReadOnly ? "ro" : "rw"] };
}
