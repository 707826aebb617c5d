import { RuncibleError } from "../../internal/errors";

/** A mistake in the Dockerfile, with its line. */
export function syntaxError(line: number, message: string): RuncibleError {
  return new RuncibleError("invalid-argument", `dockerfile parse error on line ${line}: ${message}`, {
    evidence: { line },
  });
}
