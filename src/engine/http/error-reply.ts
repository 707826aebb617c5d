import { type ErrorKind, isRuncibleError, messageOf } from "../../internal/errors";
import type { ErrorBody } from "../../wire/system";
import { empty, json, type Reply } from "./reply";

const statuses: Readonly<Record<ErrorKind, number>> = {
  "not-modified": 304,
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  internal: 500,
  unimplemented: 501,
  unavailable: 503,
};

/** The HTTP status of whatever was thrown; what is no error of ours is a defect: 500. */
export function statusOf(error: unknown): number {
  return isRuncibleError(error) ? statuses[error.kind] : 500;
}

/** The answer that says what was thrown. 304 has no body. */
export function errorReply(error: unknown): Reply {
  const status = statusOf(error);
  return status === 304 ? empty(304) : json(bodyOf(error), status);
}

function bodyOf(error: unknown): ErrorBody {
  if (!isRuncibleError(error)) return { message: messageOf(error), code: "internal" };
  const { message, code, evidence } = error;
  return Object.keys(evidence).length === 0 ? { message, code } : { message, code, evidence };
}
