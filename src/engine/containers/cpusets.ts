import { readFileSync } from "node:fs";
import { RuncibleError } from "../../internal/errors";
import type { ResourceSpec } from "../routes/container-spec";

/** Processors and memory nodes that this process may use, as the kernel writes them: `0-3,8`. */
export interface OwnCpusets {
  readonly cpus: string;
  readonly mems: string;
}

export function ownCpusets(): OwnCpusets {
  const status = readFileSync("/proc/self/status", "utf8");
  const list = (key: string): string => new RegExp(`^${key}_allowed_list:\\s*(\\S*)$`, "m").exec(status)?.[1] ?? "";
  return { cpus: list("Cpus"), mems: list("Mems") };
}

/**
 * The kernel refuses these as well, but only at the start and in its own words. Throws `invalid-argument`, with
 * Docker's.
 */
export function checkCpusets(
  { cpusetCpus, cpusetMems }: Pick<Partial<ResourceSpec>, "cpusetCpus" | "cpusetMems">,
  own: OwnCpusets = ownCpusets(),
): void {
  check(cpusetCpus, own.cpus, { key: "cpuset cpus", things: "CPUs" });
  check(cpusetMems, own.mems, { key: "cpuset mems", things: "memory nodes" });
}

function check(text: string | undefined, own: string, words: { readonly key: string; readonly things: string }): void {
  if (text === undefined) return;
  const ranges = rangesIn(text);
  if (ranges === undefined) {
    throw new RuncibleError("invalid-argument", `Invalid value ${text} for ${words.key}: invalid format: ${text}`);
  }
  const available = rangesIn(own) ?? [];
  const isAvailable = (number: number): boolean => available.some(([first, last]) => first <= number && number <= last);
  const isWhole = ranges.every(([first, last]) => {
    for (let number = first; number <= last; number++) if (!isAvailable(number)) return false;
    return true;
  });
  if (isWhole) return;
  throw new RuncibleError(
    "invalid-argument",
    `Requested ${words.things} are not available - requested ${text}, available: ${own}`,
  );
}

/** More than any kernel has: what is beyond is no number of a processor. */
const highest = 8192;

function rangesIn(text: string): readonly (readonly [first: number, last: number])[] | undefined {
  const ranges = text.split(",").map((part) => {
    const match = /^\s*(\d{1,5})(?:-(\d{1,5}))?\s*$/.exec(part);
    return [Number(match?.[1]), Number(match?.[2] ?? match?.[1])] as const;
  });
  return ranges.every(([first, last]) => first <= last && last <= highest) ? ranges : undefined;
}
