import { readFileSync } from "node:fs";
import type { UserNamespace } from "../../internal/user-namespace";

export interface UlimitRequest {
  /** Without RLIMIT_. */
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

/** As proc_pid_limits(5) calls them. */
const titles: Readonly<Record<string, string>> = {
  as: "Max address space",
  core: "Max core file size",
  cpu: "Max cpu time",
  data: "Max data size",
  fsize: "Max file size",
  locks: "Max file locks",
  memlock: "Max locked memory",
  msgqueue: "Max msgqueue size",
  nice: "Max nice priority",
  nofile: "Max open files",
  nproc: "Max processes",
  rss: "Max resident set",
  rtprio: "Max realtime priority",
  rttime: "Max realtime timeout",
  sigpending: "Max pending signals",
  stack: "Max stack size",
};

/** What of the limits asked for can be had: only root of the machine may raise its own, and runc would fail. */
export function allowedUlimits(
  ulimits: readonly UlimitRequest[],
  { isInitial }: UserNamespace,
  ownLimits: (name: string) => number = ownHardLimit,
): readonly UlimitRequest[] {
  if (isInitial) return ulimits;
  return ulimits.map(({ name, soft, hard }) => {
    const most = ownLimits(name);
    return { name, soft: least(soft, most), hard: least(hard, most) };
  });
}

/** Only root of the machine may be spared more than its parent is. */
export function canHaveOomScore(score: number, { isInitial }: UserNamespace): boolean {
  return isInitial || score >= Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
}

/** Of a limit, -1 is none at all. */
function least(asked: number, most: number): number {
  if (most < 0) return asked;
  return asked < 0 ? most : Math.min(asked, most);
}

function ownHardLimit(name: string): number {
  const title = titles[name.toLowerCase()];
  const line = readFileSync("/proc/self/limits", "utf8")
    .split("\n")
    .find((candidate) => title !== undefined && candidate.startsWith(`${title} `));
  const [, hard] = line?.slice(title?.length).trim().split(/\s+/) ?? [];
  return hard === undefined || hard === "unlimited" ? -1 : Number(hard);
}
