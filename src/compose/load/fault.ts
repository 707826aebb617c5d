import { type ErrorCode, RuncibleError } from "../../internal/errors";
import type { Position } from "./node";

interface Fault {
  readonly at: Position;
  /** `services.web.ports` */
  readonly key?: string;
  readonly message: string;
  readonly code?: ErrorCode;
  readonly cause?: unknown;
}

/** The error for something that a compose file says; file, line, column and key are in the message and the evidence. */
export function faultIn({ at, key, message, code = "compose-file-invalid", cause }: Fault): RuncibleError {
  const place = describePosition(at);
  return new RuncibleError(code, `read compose file: ${place}: ${key ? `${key}: ` : ""}${message}`, {
    evidence: { file: at.source.file, line: at.line, column: at.column, ...(key ? { key } : {}) },
    ...(cause === undefined ? {} : { cause }),
  });
}

export function describePosition({ source, line }: Position): string {
  return `${source.file}:${line}`;
}
