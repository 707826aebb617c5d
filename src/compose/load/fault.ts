import { type ErrorCode, isRuncibleError, RuncibleError } from "../../internal/errors";
import type { Position } from "./node";

interface Fault {
  readonly at: Position;
  /** `services.web.ports` */
  readonly key?: string;
  readonly message: string;
  readonly code?: ErrorCode;
  readonly cause?: unknown;
  readonly evidence?: Readonly<Record<string, unknown>>;
}

/** The error for something that a compose file says; file, line, column and key are in the message and the evidence. */
export function faultIn({
  at,
  key,
  message,
  code = "compose-file-invalid",
  cause,
  evidence = {},
}: Fault): RuncibleError {
  const place = describePosition(at);
  return new RuncibleError(code, `read compose file: ${place}: ${key ? `${key}: ` : ""}${message}`, {
    evidence: { file: at.source.file, line: at.line, column: at.column, ...(key ? { key } : {}), ...evidence },
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Reads a file that a compose file names: that it is missing, or cannot be read, is an error of the place that names
 * it.
 */
export async function readReferred<T>(reading: Promise<T>, place: Pick<Fault, "at" | "key">): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    // What has a line is about the content of the other file.
    const isOfFile = isRuncibleError(error) && error.code.startsWith("compose-file-");
    if (!isOfFile || error.evidence["line"] !== undefined) throw error;
    throw faultIn({ ...place, message: error.message, code: error.code, cause: error });
  }
}

export function describePosition({ source, line }: Position): string {
  return `${source.file}:${line}`;
}
