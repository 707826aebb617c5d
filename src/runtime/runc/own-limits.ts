import { readFileSync } from "node:fs";
import { hasCapabilities } from "../../internal/capability-set";
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

/** The limits of this process, and whether it may raise them. */
export interface OwnLimits {
  /** Only root of the machine may, and not in every container: Docker's, for one, are without CAP_SYS_RESOURCE. */
  readonly mayRaise: boolean;
  /** -1: none. */
  hard(name: string): number;
}

/** What of the limits asked for can be had: runc would fail. */
export function allowedUlimits(ulimits: readonly UlimitRequest[], own: OwnLimits): readonly UlimitRequest[] {
  if (own.mayRaise) return ulimits;
  return ulimits.map(({ name, soft, hard }) => {
    const most = own.hard(name);
    return { name, soft: least(soft, most), hard: least(hard, most) };
  });
}

/** Only who may raise limits may be spared more than its parent is. */
export function canHaveOomScore(score: number, { mayRaise }: Pick<OwnLimits, "mayRaise">): boolean {
  return mayRaise || score >= Number(readFileSync("/proc/self/oom_score_adj", "utf8"));
}

export function ownLimitsIn({ isInitial }: UserNamespace): OwnLimits {
  const mayRaise = isInitial && hasCapabilities(readFileSync("/proc/self/status", "utf8"), ["SYS_RESOURCE"]);
  return { mayRaise, hard: ownHardLimit };
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
