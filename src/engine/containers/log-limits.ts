import { RuncibleError } from "../../internal/errors";
import type { LogLimits } from "../../runtime/process/log-file";
import type { LogSpec } from "../routes/container-spec";

/** Docker reads sizes of log options as decimal ones, unlike those of memory. */
const units: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };
/** A gigabyte, of which the oldest twentieth goes when it is full. Docker's own log grows without end. */
const defaults: LogLimits = { maxBytes: 50e6, maxFiles: 20 };

/**
 * What Docker has built in. This engine keeps the lines of all of them but `none` itself, where `docker logs` reads
 * them.
 */
const drivers = "none json-file local syslog journald gelf fluentd awslogs splunk gcplogs etwlogs".split(" ");
const options = "max-size max-file compress labels labels-regex env env-regex tag mode max-buffer-size".split(" ");

/** Throws `invalid-argument` for a driver or an option that Docker does not know either. */
export function checkLogs(logs: LogSpec): void {
  if (!drivers.includes(logs.driver)) {
    throw new RuncibleError(
      "invalid-argument",
      `error looking up logging plugin ${logs.driver}: plugin "${logs.driver}" not found`,
    );
  }
  const { mode } = logs.options;
  if (mode !== undefined && mode !== "" && mode !== "blocking" && mode !== "non-blocking") {
    throw new RuncibleError("invalid-argument", `logger: logging mode not supported: ${mode}`);
  }
  if (logs.driver !== "json-file" && logs.driver !== "local") return;
  for (const name of Object.keys(logs.options)) {
    if (!options.includes(name)) {
      throw new RuncibleError("invalid-argument", `unknown log opt '${name}' for ${logs.driver} log driver`);
    }
  }
}

/**
 * `max-size` and `max-file` as the json-file driver takes them. Default, also of Docker's `-1` for no limit: the last
 * gigabyte, in files of 50 MB. Throws `invalid-argument`.
 */
export function logLimitsOf({ options }: LogSpec): LogLimits {
  const maxFiles = countOf(options["max-file"]);
  const maxBytes = sizeOf(options["max-size"]);
  return maxBytes === undefined ? defaults : { maxBytes, maxFiles };
}

function sizeOf(text: string | undefined): number | undefined {
  if (text === undefined || text === "" || text === "-1") return undefined;
  const match = /^(\d+(?:\.\d+)?) ?([kmg]?)b?$/i.exec(text);
  const unit = units[match?.[2]?.toLowerCase() ?? ""];
  const bytes = Math.floor(Number(match?.[1]) * (unit ?? 0));
  if (!(bytes > 0)) {
    throw new RuncibleError(
      "invalid-argument",
      `invalid value "${text}" for log option max-size: want for example 10m`,
    );
  }
  return bytes;
}

function countOf(text: string | undefined): number {
  if (text === undefined || text === "") return 1;
  if (!/^[1-9]\d{0,3}$/.test(text)) {
    throw new RuncibleError("invalid-argument", `invalid value "${text}" for log option max-file: want 1 or more`);
  }
  return Number(text);
}
