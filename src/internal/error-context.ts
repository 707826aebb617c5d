import { isRuncibleError, RuncibleError } from "./errors";

/** The same error with a word before it on what was being done; one that is not of this package is left as it is. */
export function withContext(error: unknown, context: string): unknown {
  if (!isRuncibleError(error)) return error;
  const { code, message, evidence } = error;
  return new RuncibleError(code, `${context}: ${message}`, { cause: error, evidence });
}
