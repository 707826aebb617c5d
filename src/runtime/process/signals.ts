import { constants } from "node:os";
import { RuncibleError } from "../../internal/errors";

const realTimeMin = 34;
const realTimeMax = 64;

/** The number of a signal given as `TERM`, `SIGTERM`, `sigterm`, `15` or `RTMIN+3`. Throws `invalid-argument`. */
export function parseSignal(text: string): number {
  const name = text.trim().toUpperCase().replace(/^SIG/, "");
  if (/^\d{1,2}$/.test(name) && Number(name) >= 1 && Number(name) <= realTimeMax) return Number(name);
  const known = Object.entries(constants.signals).find(([key]) => key === `SIG${name}`);
  if (known !== undefined) return known[1];
  const realTime = realTimeSignal(name);
  if (realTime !== undefined) return realTime;
  throw new RuncibleError("invalid-argument", `invalid signal: ${text}`);
}

function realTimeSignal(name: string): number | undefined {
  const match = /^RTM(IN|AX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (match === null) return undefined;
  const offset = Number(match[3] ?? 0) * (match[2] === "-" ? -1 : 1);
  const number = (match[1] === "IN" ? realTimeMin : realTimeMax) + offset;
  return number >= realTimeMin && number <= realTimeMax ? number : undefined;
}
