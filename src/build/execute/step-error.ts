import { isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import type { SourceSpan } from "../dockerfile/instruction";

const shownCharacters = 200;

/**
 * A step's failure with its place in the Dockerfile. What Docker would say comes first, because clients look for it;
 * then file, line and instruction, and what the command wrote last.
 */
export function stepError(dockerfile: string, { line, text }: SourceSpan, error: unknown): unknown {
  if (isRuncibleError(error) && error.code === "aborted") return error;
  const shown = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
  const output = isRuncibleError(error) ? error.evidence["output"] : undefined;
  const tail = typeof output === "string" && output !== "" ? `\n${output}` : "";
  const message = `${messageOf(error)} (${dockerfile}:${line}: ${shown})${tail}`;
  const evidence = { ...(isRuncibleError(error) ? error.evidence : {}), dockerfile, line, instruction: text };
  return new RuncibleError(isRuncibleError(error) ? error.code : "internal", message, { cause: error, evidence });
}
