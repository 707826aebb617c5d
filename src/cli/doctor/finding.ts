/** How the engine can run: as root, or as an ordinary user in a user namespace. */
export type Way = "root" | "user";

/** What looking for one requirement gave. */
export interface Outcome {
  /** `optional`: it lacks, and only some things need it. */
  readonly state: "found" | "optional" | "missing";
  readonly detail: string;
  /** What to run or to do. Absent when nothing is to be done. */
  readonly remedy?: string;
}

/** One requirement of the report. */
export interface Finding extends Outcome {
  readonly name: string;
  /** What the engine needs it for. */
  readonly why: string;
  /** The ways of running that need it. */
  readonly ways: readonly Way[];
}

export interface Machine {
  /** As root, or in a user namespace, which root of a container without all rights needs too. */
  readonly way: Way;
  readonly uid: number;
  readonly stateFolder: string;
  /** Where the engine will look for programs. */
  readonly path: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function found(detail: string): Outcome {
  return { state: "found", detail };
}

export function optional(detail: string, remedy: string): Outcome {
  return { state: "optional", detail, remedy };
}

export function missing(detail: string, remedy: string): Outcome {
  return { state: "missing", detail, remedy };
}

/** Whether containers can run as this user. */
export function canRun(findings: readonly Finding[], { way }: Pick<Machine, "way">): boolean {
  return findings.every(({ state, ways }) => state !== "missing" || !ways.includes(way));
}

/** Whether a dotted version is at least another: `5.9` is older than `5.11`. */
export function isAtLeast(version: string, oldest: string): boolean {
  const parts = version.split(".").map((part) => Number.parseInt(part, 10) || 0);
  for (const [index, wanted] of oldest.split(".").map(Number).entries()) {
    const part = parts[index] ?? 0;
    if (part !== wanted) return part > wanted;
  }
  return true;
}
