import { isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import { nearestWord } from "../../internal/nearest-word";
import type { Dockerfile } from "../dockerfile/instruction";

/** Names of the stages before one. */
export function stageNames({ stages }: Dockerfile, before: number): readonly string[] {
  return stages.slice(0, before).flatMap(({ from }) => from.name ?? []);
}

/**
 * Why an image is not to be had; if its name may have been meant as that of a stage, that there is none, and which
 * there are.
 */
export function missingSource(dockerfile: Dockerfile, name: string, before: number, error: unknown): unknown {
  const isAborted = isRuncibleError(error) && error.code === "aborted";
  const hint = isAborted || !/^[\w.-]+$/.test(name) ? undefined : hintAt(dockerfile, name.toLowerCase(), before);
  if (hint === undefined) return error;
  const message = `there is no earlier stage "${name}" (${hint}), and no image of that name: ${messageOf(error)}`;
  const { code, evidence } = isRuncibleError(error) ? error : ({ code: "internal", evidence: {} } as const);
  return new RuncibleError(code, message, { cause: error, evidence });
}

function hintAt(dockerfile: Dockerfile, name: string, before: number): string | undefined {
  const stage = dockerfile.stages.slice(before).find(({ from }) => from.name === name);
  if (stage?.index === before) return "it is the name of this one";
  if (stage !== undefined) return `it begins later, at line ${stage.from.line}; move it before this one`;
  if (before === 0) return undefined;
  const nearest = nearestWord(name, stageNames(dockerfile, before));
  return `${nearest === undefined ? "" : `did you mean ${nearest}? `}${stagesBefore(dockerfile, before)}`;
}

/** `the earlier stages are 0: builder, 1, 2: assets` */
function stagesBefore({ stages }: Dockerfile, before: number): string {
  const words = stages
    .slice(0, before)
    .map(({ from }, index) => (from.name === undefined ? index : `${index}: ${from.name}`));
  return `${before === 1 ? "the earlier stage is" : "the earlier stages are"} ${words.join(", ")}`;
}
