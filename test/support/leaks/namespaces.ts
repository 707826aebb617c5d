import { readFile, readlink } from "node:fs/promises";
import type { ProcessSeen } from "./processes";

export interface NamespaceSeen {
  /** A process in it. */
  readonly pid: number;
  readonly isOwn: boolean;
}

/** Every namespace of a kind that the processes are in, and this process's own. */
export async function namespacesOf(
  kind: "mnt" | "net",
  processes: readonly ProcessSeen[],
): Promise<readonly NamespaceSeen[]> {
  const own = await readlink(`/proc/self/ns/${kind}`);
  const seen = new Map<string, NamespaceSeen>([[own, { pid: process.pid, isOwn: true }]]);
  for (const { pid } of processes) {
    const name = await readlink(`/proc/${pid}/ns/${kind}`).catch(() => own);
    if (!seen.has(name)) seen.set(name, { pid, isOwn: false });
  }
  return [...seen.values()];
}

/** As type and place; of other namespaces only what is below the state folder, as they have a copy of everything. */
export async function readMounts(namespaces: readonly NamespaceSeen[], stateFolder = ""): Promise<readonly string[]> {
  const lists = await Promise.all(
    namespaces.map(async ({ pid, isOwn }) => {
      const text = await readFile(`/proc/${pid}/mountinfo`, "utf8").catch(() => "");
      const lines = text.split("\n").filter((line) => line !== "" && line.includes(stateFolder));
      return isOwn || stateFolder !== "" ? lines.map(shown) : [];
    }),
  );
  return lists.flat();
}

/** In the host's namespace by the engine's id; in the engine's own all of them. */
export async function readLinks(
  namespaces: readonly NamespaceSeen[],
  engineId: string | undefined,
): Promise<readonly string[]> {
  const lists = await Promise.all(
    namespaces.map(async ({ pid, isOwn }) => {
      // Two lines of titles; gone in the meantime: no links.
      const table = await readFile(`/proc/${pid}/net/dev`, "utf8").catch(() => "");
      const names = table
        .split("\n")
        .slice(2)
        .map((line) => line.split(":")[0]?.trim() ?? "");
      if (!isOwn) return names.filter((name) => name !== "").map(() => "one in a network namespace of the engine");
      return names.filter((name) => name !== "" && (engineId === undefined || name.includes(engineId)));
    }),
  );
  return lists.flat();
}

/** proc(5), mountinfo. */
function shown(line: string): string {
  const [before = "", after = ""] = line.split(" - ");
  return `${after.split(" ")[0]} on ${before.split(" ")[4]}`;
}
