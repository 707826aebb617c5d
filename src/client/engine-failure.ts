import { type ErrorCode, errorTable, hasCode, isRuncibleError, RuncibleError } from "../internal/errors";

/** How the engine's program ends its log when it cannot run: see engine/main.ts. */
const lastWords = /^\S+ error engine cannot run: (.*) code=([a-z-]+)$/m;

/** What kept an engine from coming up, as the engine itself said it in its log; other errors are left as they are. */
export function engineFailure(error: unknown): unknown {
  if (!isRuncibleError(error) || !hasCode(error, "engine-start-failed")) return error;
  const [, reason, code = ""] = lastWords.exec(String(error.evidence["log"])) ?? [];
  if (reason === undefined || !(code in errorTable)) return error;
  return new RuncibleError(code as ErrorCode, `start engine: ${reason}`, { cause: error, evidence: error.evidence });
}
