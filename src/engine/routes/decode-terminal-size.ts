import { RuncibleError } from "../../internal/errors";
import type { JsonObject } from "../../wire/json";
import { decodeInteger } from "../../wire/query-values";
import { isArray } from "../http/json-fields";
import type { EngineRequest } from "../http/request";
import type { TerminalSize } from "./stream-types";

/** The kernel has 16 bits for each. */
const largest = 65_535;

/** The size that a resize asks for. Throws `invalid-argument`. */
export function terminalSize({ query }: EngineRequest): TerminalSize {
  const rows = decodeInteger(query.get("h"), "h");
  const columns = decodeInteger(query.get("w"), "w");
  if (rows === undefined || columns === undefined) {
    throw new RuncibleError("invalid-argument", "resize terminal: the query needs h and w");
  }
  for (const size of [rows, columns]) if (!isSize(size)) throw noSize(size);
  return { rows, columns };
}

/** `ConsoleSize`, which is `[rows, columns]`; zeros say "unknown": undefined. Throws `invalid-argument`. */
export function consoleSize(body: JsonObject): TerminalSize | undefined {
  const value = body["ConsoleSize"];
  if (value === undefined || value === null || !isArray(value)) return undefined;
  const [rows, columns] = value;
  if (typeof rows !== "number" || typeof columns !== "number" || rows === 0 || columns === 0) return undefined;
  for (const size of [rows, columns]) if (!isSize(size)) throw noSize(size);
  return { rows, columns };
}

function isSize(size: number): boolean {
  return Number.isInteger(size) && size >= 0 && size <= largest;
}

function noSize(size: number): RuncibleError {
  return new RuncibleError("invalid-argument", `resize terminal: ${size} is no number from 0 to ${largest}`);
}
