import { RuncibleError } from "../../internal/errors";
import type { LogLimits } from "../../runtime/process/log-file";
import type { LogSpec } from "../routes/container-spec";

const units: Readonly<Record<string, number>> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const defaultMaxBytes = 100 * 1024 ** 2;

/** `max-size` and `max-file` as the json-file driver takes them. Default: one file of 100 MiB. Throws `invalid-argument`. */
export function logLimitsOf({ options }: LogSpec): LogLimits {
  return { maxBytes: sizeOf(options["max-size"]), maxFiles: countOf(options["max-file"]) };
}

function sizeOf(text: string | undefined): number {
  if (text === undefined || text === "" || text === "-1") return defaultMaxBytes;
  const match = /^(\d+(?:\.\d+)?)\s*([bkmg]?)b?$/i.exec(text);
  const unit = units[match?.[2]?.toLowerCase() ?? ""];
  if (match === null || unit === undefined) {
    throw new RuncibleError(
      "invalid-argument",
      `invalid value "${text}" for log option max-size: want for example 10m`,
    );
  }
  return Math.max(1, Math.round(Number(match[1]) * unit));
}

function countOf(text: string | undefined): number {
  if (text === undefined || text === "") return 1;
  if (!/^[1-9]\d{0,3}$/.test(text)) {
    throw new RuncibleError("invalid-argument", `invalid value "${text}" for log option max-file: want 1 or more`);
  }
  return Number(text);
}
