import { commandOf } from "../command-form";
import { parseDuration } from "../duration";
import { type Flags, readFlags } from "../flags";
import type { HealthCheckInstruction } from "../instruction";
import { spanOf } from "../source-span";
import type { Statement } from "../statements";
import { syntaxError } from "../syntax-error";

/** `HEALTHCHECK NONE` or `HEALTHCHECK [flags] CMD command` */
export function parseHealthCheck(statement: Statement): HealthCheckInstruction {
  const flags = readFlags(statement, ["interval", "timeout", "start-period", "start-interval", "retries"]);
  const [, kind = "", rest = ""] = /^(\S+)\s*(.*)$/s.exec(flags.rest) ?? [];
  const span = { kind: "HEALTHCHECK", ...spanOf(statement) } as const;
  if (kind === "") throw syntaxError(statement.line, "HEALTHCHECK requires at least one argument");
  if (kind.toUpperCase() === "NONE") {
    if (rest !== "") throw syntaxError(statement.line, "HEALTHCHECK NONE takes no arguments");
    return span;
  }
  if (kind.toUpperCase() !== "CMD")
    throw syntaxError(statement.line, `Unknown type "${kind}" in HEALTHCHECK (try CMD)`);
  if (rest === "") throw syntaxError(statement.line, "Missing command after HEALTHCHECK CMD");
  return { ...span, command: commandOf(rest, statement), ...timesOf(statement, flags), ...retriesOf(statement, flags) };
}

const times = {
  interval: "intervalNs",
  timeout: "timeoutNs",
  "start-period": "startPeriodNs",
  "start-interval": "startIntervalNs",
} as const;

function timesOf({ line }: Statement, flags: Flags): Partial<HealthCheckInstruction> {
  return Object.fromEntries(
    Object.entries(times).flatMap(([flag, key]) => {
      const text = flags.text(flag);
      if (text === undefined) return [];
      const value = parseDuration(text);
      if (value === undefined) throw syntaxError(line, `invalid duration "${text}" of --${flag}`);
      if (value !== 0 && value < 1e6) throw syntaxError(line, `Interval "--${flag}" cannot be less than 1ms`);
      return [[key, value]];
    }),
  );
}

function retriesOf({ line }: Statement, flags: Flags): Partial<HealthCheckInstruction> {
  const text = flags.text("retries");
  if (text === undefined) return {};
  if (!/^\d{1,9}$/.test(text)) throw syntaxError(line, `--retries must be a whole number, not "${text}"`);
  return { retries: Number(text) };
}
