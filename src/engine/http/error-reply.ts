import { type ErrorKind, isRuncibleError, messageOf } from "../../internal/errors";
import { explainSystemError } from "../../internal/system-error";
import type { ErrorBody } from "../../wire/system";
import { empty, json, type Reply } from "./reply";

const statuses: Readonly<Record<ErrorKind, number>> = {
  "not-modified": 304,
  invalid: 400,
  // As Docker: at 401 its command line asks for a login, and waits for one, also where nobody is.
  unauthorized: 500,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  internal: 500,
  unimplemented: 501,
  unavailable: 503,
};

/** The HTTP status of whatever was thrown; what is no error of ours is a defect: 500. */
export function statusOf(thrown: unknown): number {
  const error = explained(thrown);
  return isRuncibleError(error) ? statuses[error.kind] : 500;
}

/** The answer that says what was thrown. 304 has no body. */
export function errorReply(error: unknown, status: number = statusOf(error)): Reply {
  return status === 304 ? empty(304) : json(bodyOf(error), status);
}

/** A disk or a machine that is used up shows anywhere; here everything passes. */
export function explained(error: unknown): unknown {
  return isRuncibleError(error) ? error : explainSystemError("carry out the request", error);
}

function bodyOf(thrown: unknown): ErrorBody {
  const error = explained(thrown);
  if (!isRuncibleError(error)) return { message: messageOf(error), code: "internal" };
  const { message, code, evidence } = error;
  return Object.keys(evidence).length === 0 ? { message, code } : { message, code, evidence };
}
