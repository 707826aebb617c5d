import { isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import { nearestWord } from "../../internal/nearest-word";
import type { Dockerfile } from "../dockerfile/instruction";

/** Names of the stages before one. */
export function stageNames({ stages }: Dockerfile, before: number): readonly string[] {
  return stages.slice(0, before).flatMap(({ from }) => from.name ?? []);
}

/** Why an image is not to be had; if its name may have been meant as that of a stage, that there is none. */
export function missingSource(dockerfile: Dockerfile, name: string, before: number, error: unknown): unknown {
  const isAborted = isRuncibleError(error) && error.code === "aborted";
  if (isAborted || before === 0 || !/^[\w.-]+$/.test(name)) return error;
  const names = stageNames(dockerfile, before);
  const nearest = nearestWord(name.toLowerCase(), names);
  const known = names.length === 0 ? "none has a name" : `there are ${names.join(", ")}`;
  const hint = nearest === undefined ? known : `did you mean ${nearest}?`;
  const message = `there is no earlier stage "${name}" (${hint}), and no image of that name: ${messageOf(error)}`;
  const { code, evidence } = isRuncibleError(error) ? error : ({ code: "internal", evidence: {} } as const);
  return new RuncibleError(code, message, { cause: error, evidence });
}
