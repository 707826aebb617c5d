import { resolveFrom } from "../plan/stage-plan";
import { missingSource } from "../plan/unknown-stage";
import type { Build } from "./build";
import type { Stage } from "./stage-state";

/** The root that `--from` names, or that of the context. Throws what says why an image is not to be had. */
export async function sourceRoot(build: Build, { index }: Stage, from: string | undefined): Promise<string> {
  if (from === undefined) return build.context.root;
  const source = resolveFrom(build.dockerfile, from, index);
  return await build.rootOf(source).catch((error: unknown) => {
    throw source.kind === "image" ? missingSource(build.dockerfile, from, index, error) : error;
  });
}
