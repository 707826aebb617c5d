import { messageOf } from "./errors";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** Where an error or an event is handled is where it is logged; credentials are masked before they get here. */
export interface Logger {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

const rank: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** One line per event: time, level, message, fields as key=value. `write` gets each line with its newline. */
export function createLogger(write: (line: string) => void, least: LogLevel = "info"): Logger {
  const emit =
    (level: LogLevel) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}) => {
      if (rank[level] < rank[least]) return;
      const tail = Object.entries(fields)
        .map(([key, value]) => ` ${key}=${format(value)}`)
        .join("");
      write(`${new Date().toISOString()} ${level} ${message}${tail}\n`);
    };
  return { debug: emit("debug"), info: emit("info"), warn: emit("warn"), error: emit("error") };
}

export const silentLogger: Logger = createLogger(() => {}, "error");

function format(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(messageOf(value));
  return typeof value === "string" && /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
}
