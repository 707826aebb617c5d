/** One line of the report. */
export interface Finding {
  readonly name: string;
  /** `optional`: it lacks, and only some things need it. */
  readonly state: "ok" | "optional" | "missing";
  readonly detail: string;
  /** What to run or to do. Absent when nothing is to be done. */
  readonly remedy?: string;
}

export interface Machine {
  readonly uid: number;
  readonly stateFolder: string;
}

export function ok(name: string, detail: string): Finding {
  return { name, state: "ok", detail };
}

export function missing(name: string, detail: string, remedy: string): Finding {
  return { name, state: "missing", detail, remedy };
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
