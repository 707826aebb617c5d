import { type ErrorCode, errorTable, RuncibleError } from "../internal/errors";
import type { ErrorBody } from "../wire/system";

interface FailedCall {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** At most a few KiB. */
  readonly body: string;
}

/** Docker's texts, which tell more than its status codes; first match wins. */
const knownTexts: readonly (readonly [RegExp, ErrorCode])[] = [
  [/no matching manifest for|does not match the specified platform/i, "platform-unavailable"],
  [/no such image|manifest (for .* )?(unknown|not found)|pull access denied/i, "image-not-found"],
  [/no such container/i, "container-not-found"],
  [/no such exec/i, "exec-not-found"],
  [/no such volume/i, "volume-not-found"],
  [/network .* not found/i, "network-not-found"],
  [/could not find the file/i, "path-not-found"],
  [/name .* is already in use|already exists/i, "name-in-use"],
  [/port is already allocated|address already in use/i, "port-in-use"],
  [/has active endpoints/i, "network-in-use"],
  [/volume is in use/i, "volume-in-use"],
  [/executable file not found|no such file or directory: unknown/i, "executable-not-found"],
  [/is not running/i, "container-not-running"],
  [/unauthorized|authentication required/i, "registry-unauthorized"],
  [/invalid reference format/i, "invalid-reference"],
];

/** The error a daemon answered with: our own engine names its code, of any other the text and status are read. */
export function errorOfAnswer({ method, path, status, body }: FailedCall): RuncibleError {
  const { message, code, evidence } = parseBody(body);
  return new RuncibleError(
    knownCode(code) ?? codeOf(status, message),
    message || `${method} ${path}: status ${status}`,
    {
      evidence: { ...evidence, method, path, status },
    },
  );
}

/** Another version of the engine may have codes of its own. */
export function knownCode(code: string | undefined): ErrorCode | undefined {
  return code !== undefined && code in errorTable ? (code as ErrorCode) : undefined;
}

/** The code for a message without a status, from a progress stream for example. */
export function codeOfText(message: string): ErrorCode {
  return knownTexts.find(([pattern]) => pattern.test(message))?.[1] ?? "api-error";
}

function codeOf(status: number, message: string): ErrorCode {
  if (status === 304) return "not-modified";
  const code = codeOfText(message);
  if (code !== "api-error") return code;
  if (status === 400) return "invalid-argument";
  if (status === 409) return "container-state";
  if (status === 501) return "not-implemented";
  return "api-error";
}

function parseBody(body: string): ErrorBody {
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json === "object" && json !== null && "message" in json && typeof json.message === "string") {
      return json as ErrorBody;
    }
  } catch {
    // Not JSON: an old daemon, or a proxy between. The text itself is the message.
  }
  return { message: body.trim() };
}
