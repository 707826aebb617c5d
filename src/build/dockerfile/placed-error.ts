import { isRuncibleError, messageOf, RuncibleError } from "../../internal/errors";
import { withoutPasswords } from "../../internal/without-passwords";
import type { SourceSpan } from "./instruction";

const shownCharacters = 200;

/**
 * What went wrong with an instruction, with its place in the Dockerfile. What Docker would say comes first, because
 * clients look for it; then file, line and instruction, and what a command wrote last. An error that has its place
 * keeps it.
 */
export function placedError(file: string, { line, text: written }: SourceSpan, error: unknown): unknown {
  if (isRuncibleError(error) && (error.code === "aborted" || "dockerfile" in error.evidence)) return error;
  const text = withoutPasswords(written);
  const shown = text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text;
  const output = isRuncibleError(error) ? error.evidence["output"] : undefined;
  const tail = typeof output === "string" && output !== "" ? `\n${output}` : "";
  const message = `${reasonOf(error)} (${file}:${line}${shown === "" ? "" : `: ${shown}`})${tail}`;
  const evidence = { ...(isRuncibleError(error) ? error.evidence : {}), dockerfile: file, line, instruction: text };
  return new RuncibleError(isRuncibleError(error) ? error.code : "internal", message, { cause: error, evidence });
}

/** Carries out a task; what it throws is placed. */
export function inPlace<T>(file: string, span: SourceSpan, task: () => T): T {
  try {
    return task();
  } catch (error) {
    throw placedError(file, span, error);
  }
}

/** Of the file system's errors without the path, which is one of the engine's own. */
function reasonOf(error: unknown): string {
  const message = messageOf(error);
  return error instanceof Error && "syscall" in error ? message.replace(/, \w+ '.*$/s, "") : message;
}
